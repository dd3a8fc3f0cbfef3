import type { Clock } from '../core/clock.ts';
import { fail, type Problem, problemOf, type ProblemCode } from '../core/problem.ts';

/** What waiting can mend. A key that changed or a login that is refused is not tried again. */
const PASSING: ReadonlySet<ProblemCode> = new Set(['host-unreachable', 'host-not-found', 'connection-lost']);
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/**
 * Opens a line again and again, waiting longer each time, until it stands or `reconnectMs` have passed; always at least once.
 * Rejects with `connection-lost` when the time is up, at once with any Problem that time does not mend.
 */
export async function reconnect<Line>(
  open: () => Promise<Line>,
  { reconnectMs, clock, signal }: { reconnectMs: number; clock: Clock; signal: AbortSignal },
): Promise<Line> {
  const until = clock.now() + reconnectMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await open();
    } catch (error) {
      const problem = problemOf(error);
      if (!PASSING.has(problem.code)) throw error;
      if (clock.now() + waitMs > until) throw outOfTime(problem, reconnectMs, error);
    }
    await clock.sleep(uneven(waitMs), signal);
  }
}

/** Give or take a quarter: many that lost the same machine do not all come back in one moment. */
function uneven(waitMs: number): number {
  return Math.round(waitMs * (0.75 + Math.random() / 2));
}

function outOfTime(problem: Problem, reconnectMs: number, cause: unknown): Error {
  return fail(
    'connection-lost',
    {
      message: `The connection broke and did not come back within ${reconnectMs / 1000} s: ${problem.message}`,
      hint: problem.hint,
    },
    { cause },
  );
}
