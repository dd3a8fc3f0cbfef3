import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { engine } from './containers.ts';
import { keeper } from './keeper.ts';
import { launchctl } from './launchctl.ts';
import { pm2 } from './pm2.ts';

/** Only `sudo -n COMMAND`, and only where the home says that it needs no password. */
function sudo([flag, program = '', ...args]: readonly string[]): number {
  if (flag !== '-n' || program.startsWith('-')) {
    process.stderr.write('sudo: a terminal is required to read the password\n');
    return 1;
  }
  if (!existsSync(join(process.env['HOME'] ?? '/', '.sudo-allowed'))) {
    process.stderr.write('sudo: a password is required\n');
    return 1;
  }
  const ran = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, STAND_IN_ROOT: '1' } });
  return ran.status ?? 1;
}

async function main(): Promise<number> {
  const [name = '', ...rest] = process.argv.slice(2);
  if (name === '__keep') await keeper(rest[0] ?? '');
  if (name === 'launchctl') return launchctl(rest);
  if (name === 'pm2') return pm2(rest);
  if (name === 'docker' || name === 'podman') return engine(name, rest);
  if (name === 'sudo') return sudo(rest);
  return 0;
}

void main().then((code) => {
  process.exitCode = code;
});
