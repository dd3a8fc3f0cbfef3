import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Arguments } from './arguments.ts';
import { takeApart, unknownFlag } from './arguments.ts';
import { FOLDER, IS_SYSTEM, keepLinger, managerSettings, USER } from './settings.ts';
import { VERBS } from './verbs.ts';

function refuse(line: string): number {
  process.stderr.write(`${line}\n`);
  return 1;
}

function isBusReachable(): boolean {
  const { bus } = managerSettings();
  return bus === 'on' || (bus === 'needs-runtime-dir' && Boolean(process.env['XDG_RUNTIME_DIR']));
}

/** Anybody may look; who is not root may change nothing where that is wanted. */
async function asSystem(verb: string, names: readonly string[], args: Arguments): Promise<number> {
  const changes = ['start', 'stop', 'restart', 'enable', 'disable', 'kill', 'mask'].includes(verb);
  if (changes && existsSync(join(FOLDER, 'needs-root')) && process.env['STAND_IN_ROOT'] !== '1')
    return refuse(`Failed to ${verb} ${names.join(' ')}: Interactive authentication required.`);
  const run = VERBS[verb];
  return run ? run(names, args) : refuse(`Unknown command verb ${verb}.`);
}

async function systemctl(argv: readonly string[]): Promise<number> {
  const args = takeApart(argv);
  const [verb = 'list-units', ...names] = args.words;
  if (args.flags.has('--version')) {
    process.stdout.write('systemd 252 (252.39-1~deb12u1)\n');
    return 0;
  }
  const unknown = unknownFlag(args);
  if (unknown !== null) return refuse(`systemctl: unrecognized option '${unknown}'`);
  if (IS_SYSTEM && existsSync(FOLDER)) return asSystem(verb, names, args);
  if (IS_SYSTEM) {
    return refuse(
      "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down",
    );
  }
  if (!isBusReachable()) return refuse('Failed to connect to bus: No medium found');
  const run = VERBS[verb];
  return run ? run(names, args) : refuse(`Unknown command verb ${verb}.`);
}

function loginctl(argv: readonly string[]): number {
  const { words, properties, flags } = takeApart(argv);
  const [verb] = words;
  if (verb === 'enable-linger' || verb === 'disable-linger') {
    keepLinger(verb === 'enable-linger');
    return 0;
  }
  if (verb !== 'show-user') return refuse(`Unknown command verb ${verb ?? ''}.`);
  const facts = {
    UID: String(process.getuid?.() ?? 0),
    Name: USER,
    State: 'active',
    Linger: managerSettings().linger ? 'yes' : 'no',
  };
  for (const [key, value] of Object.entries(facts)) {
    if (properties.length > 0 && !properties.includes(key)) continue;
    process.stdout.write(flags.has('--value') ? `${value}\n` : `${key}=${value}\n`);
  }
  return 0;
}

async function main(): Promise<void> {
  const [first = '', ...rest] = process.argv.slice(2);
  if (first === '__supervise') await (await import('./supervisor.ts')).supervise();
  else process.exitCode = basename(first) === 'loginctl' ? loginctl(rest) : await systemctl(rest);
}

void main();
