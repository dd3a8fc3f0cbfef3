import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { run, type RunResult } from '../host/run.ts';
import type { Waiting } from './probe.ts';

/** A gateway as its supervisor sees it now. */
export interface Service {
  /** By the name that the supervisor knows it by: a unit, a label, a container. */
  readonly unit: string;
  readonly installed: boolean;
  /** Does it start by itself, at boot or login? */
  readonly enabled: boolean;
  /** In which way it does, in the supervisor's own word, so that it can be put back: `enabled-runtime`, `on-failure:3`. Null when not enabled. */
  readonly enabledAs: string | null;
  /** Anything but stopped: a service that waits for its restart, starts or stops counts. */
  readonly active: boolean;
  /** The supervisor's own word; `active` is that of a service that runs. */
  readonly activeState: string;
  readonly mainPid: number | null;
  /** After what wait the supervisor starts it again when it ends by itself; absent where it does not say. */
  readonly restartMs?: number;
  /** How often it has done so since somebody started it; absent where it does not say. */
  readonly restarts?: number;
}

export type Verb = 'start' | 'stop' | 'enable' | 'disable';

/** What a supervisor is told. */
export interface Order {
  readonly verb: Verb;
  /** With `enable` and `disable`: in which way, as `Service.enabledAs` had it. */
  readonly as: string | null;
  readonly timeoutMs: number;
}

/** Where a supervisor is spoken to. */
export interface Place {
  readonly host: Host;
  readonly gateway: Gateway;
  readonly waiting: Waiting;
}

/**
 * One kind of supervisor. A driver only speaks; whether what it said had an effect is seen by `look`, by its caller. Everything is
 * bounded in time and repeatable.
 */
export interface Driver {
  /** The gateway's service as it is now; null where nobody can be asked. Read-only. */
  readonly look: (place: Place) => Promise<Service | null>;
  /** Says a verb and waits for it to come back, at most `timeoutMs`; gives the last line of what went wrong, or nothing. */
  readonly tell: (order: Order, place: Place) => Promise<string>;
  /** What a person types there for the same. */
  readonly byHand: (verb: Verb) => string;
  /** It cannot be looked at: only the gateway's own signs of life tell what became of it. */
  readonly isBlind?: true;
}

/** How long a question may take. */
export const ASK_MS = 30_000;

/** Null where there is no such program, or where it did not come to an end; what it did then is seen by looking. */
export async function call(
  { host, waiting: { clock, signal } }: Place,
  argv: readonly string[],
  {
    timeoutMs = ASK_MS,
    ...more
  }: { env?: Readonly<Record<string, string>>; timeoutMs?: number; stdin?: string; cwd?: string } = {},
): Promise<RunResult | null> {
  const env = { ...more.env, LC_ALL: 'C' };
  try {
    return await run(host, argv, { ...more, env, timeoutMs, ...(clock && { clock }), ...(signal && { signal }) });
  } catch (error) {
    const code = error instanceof ProblemError ? error.problem.code : null;
    if (code === 'command-not-found' || code === 'command-timeout') return null;
    throw error;
  }
}

/** The last line that a command said of what went wrong. Pure. */
export function lastWord(result: RunResult | null): string {
  return printable(result?.stderr.toString().trim().split('\n').at(-1) ?? '');
}

/** A pid as a supervisor prints it; null for 0 and for anything that is none. Pure. */
export function pidIn(text: string | undefined): number | null {
  const pid = /^\d{1,10}$/.test(text ?? '') ? Number(text) : 0;
  return pid > 0 ? pid : null;
}
