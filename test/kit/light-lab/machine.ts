import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isAlive, killOne, startTimeOf } from '../processes.ts';
import { REPOSITORY } from '../repository.ts';
import { waitFor } from '../wait.ts';

/** A machine that is on: its first process, as this machine numbers it. */
export interface Machine {
  readonly pid: number;
  readonly startTime: number;
}

/** What became of a command inside. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The pids of a process's children; none when it has ended. */
export function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
    return children.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function bannerFrom(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 300 });
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('data', (data) => {
      settle(data.toString('latin1').startsWith('SSH-2.0'));
    });
    for (const event of ['error', 'timeout', 'close'] as const) {
      socket.once(event, () => {
        settle(false);
      });
    }
  });
}

/** Boots the machine in a lab's folder and waits until its sshd answers. */
export async function bootMachine(options: {
  folder: string;
  hostname: string;
  namespace: string;
  address: string;
  homes: string;
}): Promise<Machine> {
  const script = join(REPOSITORY, 'test/kit/light-lab/boot.sh');
  const unshare = [
    'unshare',
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    '--fork',
    '--kill-child',
    '--propagation',
    'private',
  ];
  const argv = [
    `--net=/run/netns/${options.namespace}`,
    ...unshare,
    script,
    options.folder,
    options.hostname,
    options.homes,
  ];
  const child = spawn('nsenter', argv, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  child.unref();
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const outer = child.pid;
  if (outer === undefined) throw new Error('nsenter could not be started');
  const pid = await waitFor('the machine has a first process', () => {
    if (child.exitCode !== null) throw new Error(`the machine did not boot: ${said}`);
    return childrenOf(outer)[0];
  });
  const startTime = startTimeOf(pid);
  await waitFor('the sshd of the machine answers', () => {
    if (child.exitCode !== null) throw new Error(`the machine did not boot: ${said}`);
    return bannerFrom(options.address);
  });
  child.stderr.destroy();
  return { pid, startTime };
}

/** Power off without a word: every process of the machine is gone when this resolves. */
export async function cutPower(machine: Machine): Promise<void> {
  const namespace = namespaceOf(machine.pid);
  killOne(machine);
  await waitFor(
    'the machine is off',
    () => !isAlive(machine) && (namespace === null || processesIn(namespace).length === 0),
  );
}

function namespaceOf(pid: number | string): string | null {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/pid`);
  } catch {
    return null;
  }
}

function processesIn(namespace: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace);
  return pids.map(Number);
}

/** Pids (as this machine numbers them) of the processes inside whose command line begins with `title`. */
export function titled(machine: Machine, title: string): number[] {
  const namespace = namespaceOf(machine.pid);
  if (namespace === null) return [];
  return processesIn(namespace).filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${String(pid)}/cmdline`, 'latin1')
          .split('\0')[0]
          ?.trim() === title
      );
    } catch {
      return false; // it has just ended
    }
  });
}

/** Runs a command inside the machine, not over its network, as an account or as root, in `cwd`. */
export function runInside(
  machine: Machine,
  argv: readonly string[],
  as: { uid: number; env: Readonly<Record<string, string>>; cwd: string },
): Ran {
  const env = Object.entries(as.env).map(([name, value]) => `${name}=${value}`);
  const uid = String(as.uid);
  const who = as.uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const enter = [`--target=${String(machine.pid)}`, '--mount', '--uts', '--ipc', '--net', '--pid', `--wdns=${as.cwd}`];
  const { status, stdout, stderr, error } = spawnSync('nsenter', [...enter, ...who, 'env', '-i', ...env, ...argv], {
    encoding: 'utf8',
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}
