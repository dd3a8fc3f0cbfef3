import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeLoopbackLab } from './loopback-lab.ts';
import { makeLightLab, sweep } from './light-lab/light-lab.ts';
import { REPOSITORY } from './repository.ts';
import type { Side } from './side.ts';

/** The two machines of the demo, however they are made. */
interface Stage {
  readonly what: string;
  readonly target: string;
  readonly flags: readonly string[];
  readonly new: Side;
  readonly lookAtOld: string;
  /** Lets the machines outlive the demo; null where they cannot, and the demo waits for Ctrl-C instead. */
  readonly keep: (() => void) | null;
  destroy(): Promise<void>;
}

const USAGE = 'scripts/demo [--json] [--keep] [--fail STEP] [--files N] | --clean';

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        clean: { type: 'boolean', default: false },
        fail: { type: 'string' },
        files: { type: 'string', default: '2000' },
      },
    });
    if (!/^\d{1,6}$/.test(values.files)) throw new Error(`--files ${values.files} is no number`);
    return values;
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return process.exit(2);
  }
}

/** As root a machine of its own, with its own address, processes and users; else an sshd on loopback. */
async function setStage(workspaceFiles: number): Promise<Stage> {
  if (process.getuid?.() !== 0) {
    const lab = await makeLoopbackLab({ workspaceFiles });
    const flags = ['-i', lab.sshd.identity.path, '--known-hosts', lab.sshd.knownHosts, '-p', String(lab.sshd.port)];
    const target = `${lab.sshd.user}@127.0.0.1`;
    return {
      what: 'not root: the old machine is an sshd on loopback with a home of its own',
      target,
      flags,
      new: lab.new,
      lookAtOld: `ls -la ${lab.old.home}`,
      keep: null,
      destroy: () => lab.destroy(),
    };
  }
  const lab = await makeLightLab({ workspaceFiles });
  const flags = ['-i', lab.identity, '--known-hosts', lab.knownHosts];
  const target = `${lab.user}@${lab.address}`;
  const lookAtOld = `ssh -i ${lab.identity} -o UserKnownHostsFile=${lab.knownHosts} ${target}`;
  return {
    what: 'the old machine has its own address, processes, disk and users',
    target,
    flags,
    new: lab.new,
    lookAtOld,
    keep: lab.keep,
    destroy: () => lab.destroy(),
  };
}

function neoPull(stage: Stage, argv: readonly string[]): Promise<number> {
  const env = {
    ...stage.new.env,
    PATH: `${stage.new.env['PATH'] ?? ''}:${join(process.execPath, '..')}`,
    ...colours(),
  };
  const child = spawn(process.execPath, [join(REPOSITORY, 'dist/main.js'), ...argv], { env, stdio: 'inherit' });
  // Ctrl-C reaches neo-pull by itself; the demo waits for it to end and then cleans up.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 143 : 130)));
  });
}

function colours(): Record<string, string> {
  const kept = ['TERM', 'COLUMNS', 'NO_COLOR', 'FORCE_COLOR', 'CI'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(kept);
}

/** Says how to look at the machines, and lets them live on, or waits for Ctrl-C. */
async function leaveStanding(stage: Stage): Promise<void> {
  const main = join(REPOSITORY, 'dist/main.js');
  const environment = Object.entries(stage.new.env).map(([name, value]) => `${name}='${value}'`);
  tell(`
The two machines are left standing.
  The old one:  ${stage.lookAtOld}
  The new one:  ls -la ${stage.new.home}
  neo-pull on the new one:
    env -i ${environment.join(' ')} ${process.execPath} ${main} status
  ${stage.keep ? 'To take them away: scripts/demo --clean' : 'They end when you press Ctrl-C here.'}`);
  if (stage.keep) {
    stage.keep();
    return;
  }
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => process.once('SIGINT', resolve));
  clearInterval(alive);
}

async function main(): Promise<number> {
  const { json, keep, clean, fail, files } = options();
  if (clean) {
    await sweep({ kept: true });
    return 0;
  }
  const began = performance.now();
  const stage = await setStage(Number(files));
  try {
    tell(`Two machines are up after ${((performance.now() - began) / 1000).toFixed(1)} s: ${stage.what}.`);
    const flags = [
      '--yes',
      '--soak',
      '3',
      ...stage.flags,
      ...(json ? ['--json'] : []),
      ...(fail === undefined ? [] : ['--fail-step', fail]),
    ];
    tell(`$ neo-pull ${stage.target} ${flags.join(' ')}\n`);
    const code = await neoPull(stage, [stage.target, ...flags]);
    if (!json && code !== 2) {
      tell('\n$ neo-pull report\n');
      await neoPull(stage, ['report']);
    }
    tell(`\nneo-pull ended with exit code ${String(code)}.`);
    if (keep) await leaveStanding(stage);
    if (!keep || stage.keep === null) await stage.destroy();
    return code;
  } catch (error) {
    await stage.destroy();
    throw error;
  }
}

// What was kept has handles that would keep this process alive.
process.exit(await main());
