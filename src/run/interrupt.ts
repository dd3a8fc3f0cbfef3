import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.ts';
import { fail, type ProblemError } from '../core/problem.ts';

type Stop = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const STOPS: readonly Stop[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** One press of Ctrl-C under `npx` arrives more than once: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 100;

/** Where signals come from: the `process`, or any EventEmitter. */
export interface SignalSource {
  on(name: Stop, listener: () => void): unknown;
  off(name: Stop, listener: () => void): unknown;
}

export interface InterruptOptions {
  readonly clock: Clock;
  /** The first signal: the run comes to a safe end by itself. `shielded` says that it was already on its way back. */
  readonly onFirst: (why: ProblemError, shielded: boolean) => void;
  /** The second one: end now. The Journal is whole; `resume` or `rollback` go on from it. */
  readonly onSecond: (why: ProblemError) => void;
}

/** SIGINT, SIGTERM and SIGHUP as an AbortSignal. */
export interface Interrupt {
  /** Aborts at the first signal, its reason being a ProblemError `interrupted` (130) or `terminated` (143). */
  readonly signal: AbortSignal;
  /** From now on things are put back, and a first signal no longer aborts; a second still ends at once. Repeatable. */
  shield(): void;
  /** Stops listening. Repeatable. */
  dispose(): void;
}

/**
 * Listens for signals until disposed. Of one kind, those that come within a tenth of a second count once, and a hang-up never counts
 * as the second: a terminal that is closed sends several, and the run must still find its way back.
 */
export function listenForSignals(source: SignalSource, options: InterruptOptions): Interrupt {
  const controller = new AbortController();
  // Each command that runs waits for it, and a look runs more than ten at once.
  setMaxListeners(0, controller.signal);
  const lastMs = new Map<Stop, number>();
  let shielded = false;
  let count = 0;
  const receive = (name: Stop): void => {
    const nowMs = options.clock.now();
    const samePress = Math.abs(nowMs - (lastMs.get(name) ?? -Infinity)) < SAME_PRESS_MS;
    if (samePress || (count > 0 && name === 'SIGHUP')) return;
    lastMs.set(name, nowMs);
    count += 1;
    const why = reason(name);
    if (count > 1) {
      options.onSecond(why);
    } else {
      options.onFirst(why, shielded);
      if (!shielded) controller.abort(why);
    }
  };
  const listeners = STOPS.map((name) => [name, () => receive(name)] as const);
  for (const [name, listener] of listeners) source.on(name, listener);
  return {
    signal: controller.signal,
    shield: () => {
      shielded = true;
    },
    dispose: () => {
      for (const [name, listener] of listeners) source.off(name, listener);
    },
  };
}

function reason(name: Stop): ProblemError {
  const hint =
    '`neo-pull status` says who is running; `neo-pull resume` goes on, `neo-pull rollback` puts everything back.';
  if (name === 'SIGINT') return fail('interrupted', { message: 'Interrupted (Ctrl-C).', hint });
  const what = name === 'SIGHUP' ? 'The terminal was closed (SIGHUP).' : 'Told to end (SIGTERM).';
  return fail('terminated', { message: what, hint });
}
