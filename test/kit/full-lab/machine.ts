import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, cutPower, runInside, type Machine, type Ran } from '../light-lab/machine.ts';
import { startTimeOf } from '../processes.ts';
import { REPOSITORY } from '../repository.ts';
import { waitFor } from '../wait.ts';
import { removeControlGroups } from './cgroups.ts';

/** A machine that is on, and the systemd-nspawn that holds it. */
export interface FullMachine extends Machine {
  readonly name: string;
  readonly holder: ChildProcess;
}

export interface BootOptions {
  /** The lab's name for it; names its control groups. */
  readonly name: string;
  readonly folder: string;
  readonly below: string;
  readonly namespace: string;
  /** Further options of systemd-nspawn. */
  readonly binds: readonly string[];
}

/** Systemd ends its machine with this when it wants to be started again. */
const REBOOT = 133;
const ROOT_ENV = {
  HOME: '/root',
  USER: 'root',
  LOGNAME: 'root',
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/** Boots a machine and waits until all that starts at boot was started, sshd included. About a second. */
export async function bootFullMachine({ name, folder, below, namespace, binds }: BootOptions): Promise<FullMachine> {
  const script = join(REPOSITORY, 'test/kit/full-lab/boot.sh');
  const console = openSync(join(folder, 'console'), 'a');
  const argv = ['--mount', '--propagation', 'private', script, name, folder, below, namespace, ...binds];
  const holder = spawn('unshare', argv, { stdio: ['ignore', console, console], detached: true });
  closeSync(console);
  holder.unref();
  const alive = () => {
    if (holder.exitCode === null && holder.signalCode === null) return;
    throw new Error(`${name} did not boot: ${readFileSync(join(folder, 'console'), 'utf8').slice(-2000)}`);
  };
  const pid = await waitFor(`${name} has a first process`, () => {
    alive();
    return systemdBelow(holder.pid ?? 0);
  });
  const machine = { pid, startTime: startTimeOf(pid), name, holder };
  await waitFor(`${name} has booted`, () => {
    alive();
    return /^(running|degraded)$/m.test(asRoot(machine, ['systemctl', 'is-system-running', '--wait']).stdout);
  });
  return machine;
}

/** Runs a command inside as root, not over the network. */
export function asRoot(machine: Machine, argv: readonly string[]): Ran {
  return runInside(machine, argv, { uid: 0, env: ROOT_ENV, cwd: '/' });
}

/** Power off without a word: every process of the machine is gone when this resolves. */
export async function cutFullPower(machine: FullMachine): Promise<void> {
  await cutPower(machine);
  await held(machine);
}

/** Shuts the machine down as `reboot` does; services are stopped in order. It is off when this resolves. */
export async function shutDownToReboot(machine: FullMachine): Promise<void> {
  asRoot(machine, ['systemctl', 'reboot', '--no-block']);
  await waitFor(`${machine.name} went down`, () => machine.holder.exitCode !== null, 60_000);
  if (machine.holder.exitCode !== REBOOT)
    throw new Error(`${machine.name} ended with ${String(machine.holder.exitCode)}`);
  await held(machine);
}

async function held({ name, holder }: FullMachine): Promise<void> {
  await waitFor(`nothing holds ${name} any more`, () => holder.exitCode !== null || holder.signalCode !== null);
  await removeControlGroups(name);
}

// What systemd-nspawn starts first is another that makes the namespaces; its child is the machine's first process.
function systemdBelow(holder: number): number | null {
  const ours = readlinkSync('/proc/self/ns/pid');
  const inside = childrenOf(holder).filter((pid) => {
    try {
      const comm = readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim();
      return comm === 'systemd' && readlinkSync(`/proc/${String(pid)}/ns/pid`) !== ours;
    } catch {
      return false; // it has just ended
    }
  });
  return inside[0] ?? null;
}
