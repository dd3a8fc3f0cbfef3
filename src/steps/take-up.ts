import type { Desk } from '../core/follow.ts';
import { problemOf, type Problem, type ProblemCode } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { runOk } from '../host/run.ts';
import { firstOf } from '../host/waiters.ts';

/** Between tries of what does not work for now: this at first, doubled up to the last. */
const AGAIN_MS = { first: 2000, last: 60_000 } as const;
const ANSWER_MS = 60_000;

/** What may be better in a while: it is told and tried again, for days if need be. Anything else ends the following. */
const PASSING: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'connection-lost',
  'transfer-stalled',
  'transfer-failed',
  'disk-full',
  'command-timeout',
  'command-failed',
]);

/** Is this thrown for what may be better in a while? */
export function isPassing(thrown: unknown): boolean {
  return PASSING.has(problemOf(thrown).code);
}

/** What a failure is told as. Pure. */
export function wordsOf({ code, message }: Problem): string {
  return code === 'connection-lost'
    ? 'The connection was lost. Connecting again; what arrived is kept, and the old gateway serves.'
    : `It does not work for now, and is tried again; the old gateway serves. ${message}`;
}

/** What is waited with. */
export interface Waiting {
  readonly world: World;
  readonly desk: Desk;
  /** How long a line is tried again before that counts as one try. */
  readonly reconnectMs: number;
}

/**
 * Waits until it is worth another try after the `nth` failure in a row, for as long as it takes. A line that broke for the first time is taken up
 * again at once; what comes back and breaks again waits longer each time. Resolves with true when it was told to stop first. Throws what will
 * not pass.
 */
export async function waitToTakeUp(why: Problem, nth: number, waiting: Waiting): Promise<boolean> {
  const isLine = why.code === 'connection-lost';
  const waitMs = Math.min(AGAIN_MS.last, AGAIN_MS.first * 2 ** (nth - 1));
  if ((nth > 1 || !isLine) && (await isToldToStop(waitMs, waiting))) return true;
  return isLine && (await isToldToStopFirst(waiting));
}

/** Waits for the line by a command that does nothing. */
async function isToldToStopFirst(waiting: Waiting): Promise<boolean> {
  const { old, clock, signal } = waiting.world;
  const timeoutMs = waiting.reconnectMs + ANSWER_MS;
  for (let waitMs: number = AGAIN_MS.first; ; waitMs = Math.min(waitMs * 2, AGAIN_MS.last)) {
    try {
      await runOk(old, ['true'], { clock, signal, timeoutMs });
      return false;
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      if (await isToldToStop(waitMs, waiting)) return true;
    }
  }
}

/** Waits that long, or for an order; true when it is to stop. */
async function isToldToStop(waitMs: number, { world, desk }: Waiting): Promise<boolean> {
  const { clock, signal } = world;
  const waits = [(over: AbortSignal) => clock.sleep(waitMs, over), (over: AbortSignal) => desk.changed(over)];
  if (desk.ending() !== 'stop') await firstOf(signal, waits);
  return desk.ending() === 'stop';
}
