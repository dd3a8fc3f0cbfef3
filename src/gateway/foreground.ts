import { posix as path } from 'node:path';
import { z } from 'zod';
import type { Host, SignalName } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { foregroundCommand } from './commands.ts';
import type { Life } from './life.ts';
import {
  KEPT_MARKER,
  type EnvironAnswer,
  type Identity,
  type KeepAnswer,
  type LaunchAnswer,
} from './probe-contract.ts';
import { run } from '../host/run.ts';
import { probe, subjectOf } from './probe.ts';
import { productNames } from './product.ts';

export type { Identity } from './probe-contract.ts';

const id = { pid: z.number().int().positive(), startTime: z.string().max(40), bootId: z.string().max(64) };
const signalAnswer = z.object({ sent: z.boolean() });
const keepAnswer = z.object({ pid: id.pid, argvKnown: z.boolean(), environSha256: z.string().regex(/^[0-9a-f]{64}$/) });
const environAnswer = z.object({ values: z.record(z.string(), z.string()), leftOut: z.array(z.string()) });
const launchAnswer = z.object({ ...id, leftOut: z.array(z.string()) });

/**
 * Signals exactly the process that is meant: boot, pid and start time are compared first, on its machine. False when that process is
 * gone already, which is no error. Throws `command-failed` where it may not be signalled. Repeatable.
 */
export async function signalProcess(
  host: Host,
  gateway: Gateway,
  process: Identity,
  signal: SignalName,
): Promise<boolean> {
  const { pid, startTime, bootId } = process;
  const request = { verb: 'signal', process: { pid, startTime, bootId }, signal: `SIG${signal}` } as const;
  return (await probe({ host, gateway }, request, { shape: signalAnswer })).sent;
}

/**
 * Saves what the gateway's process was started with (argv, environ, working directory, umask; byte for byte) in `folder` on its own
 * machine, for `launchForeground`. The folder is made, 0700, and holds secrets, which do not travel. A folder that is whole is left as
 * it is, so this is repeatable, also after the process is gone. Throws `command-failed` where there is nothing that could be saved.
 */
export async function keepForeground(host: Host, gateway: Gateway, life: Life, folder: string): Promise<KeepAnswer> {
  if (!life.process) {
    throw fail('command-failed', {
      message: `There is no process of the gateway on ${host.label} whose command line could be saved.`,
      hint: 'See what runs: neo-pull status',
    });
  }
  const { pid, startTime } = life.process;
  const subject = subjectOf(gateway, life.service?.mainPid ?? null);
  const request = { verb: 'keep', subject, process: { pid, startTime, bootId: life.bootId }, folder } as const;
  return probe({ host, gateway }, request, { shape: keepAnswer });
}

/**
 * The values of some variables that the running gateway was started with. They are secrets: for memory, and for nothing that is told.
 * Empty where nothing runs. Read-only. Throws as `probe` does.
 */
export async function readVariables(
  host: Host,
  gateway: Gateway,
  { life, names }: { life: Life; names: readonly string[] },
): Promise<EnvironAnswer> {
  if (!life.process) return { values: {}, leftOut: [] };
  const { pid, startTime } = life.process;
  const subject = subjectOf(gateway, life.service?.mainPid ?? null);
  const process = { pid, startTime, bootId: life.bootId };
  return probe({ host, gateway }, { verb: 'environ', subject, process, names }, { shape: environAnswer });
}

/** Is there a folder that `keepForeground` made whole? Read-only. */
export async function hasKept(host: Host, folder: string): Promise<boolean> {
  return (await run(host, ['test', '-f', path.join(folder, KEPT_MARKER)])).code === 0;
}

/** How a gateway is started outside of a service. */
export interface Launch {
  /** What `keepForeground` saved; without it the gateway is started afresh in its home, in its own environment. */
  readonly folder?: string;
  /** Added, such as `quietEnv`. No secret. */
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** On that machine; gets what the gateway prints, appended, 0600. `gateway.log` in `folder` without it. */
  readonly logFile?: string;
}

/**
 * Starts a gateway as a process of its own that outlives the connection. Returns when it was started, which is long before it serves:
 * poll `readLife`. Not repeatable: look for life first. Throws `command-failed` where it cannot be started.
 */
export async function launchForeground(host: Host, gateway: Gateway, launch: Launch): Promise<LaunchAnswer> {
  const { folder = null, extraEnv = {} } = launch;
  const logFile = launch.logFile ?? path.join(folder ?? gateway.stateDir, 'gateway.log');
  const fresh = foregroundCommand(gateway);
  const { envPrefix } = productNames(gateway.product);
  const request = { verb: 'launch', folder, fresh, envPrefix, extraEnv, logFile } as const;
  return probe({ host, gateway }, request, { shape: launchAnswer });
}
