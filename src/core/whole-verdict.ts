import type { Outcome, ProfileEnd, Running } from './event.ts';
import { EXIT, type ExitCode } from './exit.ts';

/** How a command over several profiles ended as a whole. */
export type Whole = Pick<ProfileEnd, 'outcome' | 'running' | 'exitCode' | 'problem'>;

/** These say more of the world than that its profiles are in different places. */
const FIRST: readonly ExitCode[] = [EXIT.unknown, EXIT.bug, EXIT.interrupted, EXIT.terminated];
const GOOD: readonly ExitCode[] = [EXIT.done, EXIT.somethingToDo, EXIT.degraded];
const BEST: readonly Outcome[] = ['moved', 'staged', 'planned', 'already-moved'];

/**
 * The whole is as bad as its worst part. Where that is a failure, and some profiles are here while others are there, the exit code says
 * just that, for those of a failure all mean that the old gateway runs. Pure. There must be at least one end.
 */
export function wholeOf(ends: readonly ProfileEnd[]): Whole {
  const running = runningOf(ends);
  const failed = ends.filter(({ exitCode }) => !GOOD.includes(exitCode));
  const worst =
    FIRST.map((code) => failed.find(({ exitCode }) => exitCode === code)).find(Boolean) ??
    failed.find(({ problem }) => problem?.code !== 'profile-put-back');
  if (!worst) return good(ends, running);
  const { outcome, problem, exitCode, profile } = worst;
  const moved = ends.filter((end) => end.running === 'new');
  const isMixed = moved.length > 0 && moved.length < ends.length && !FIRST.includes(exitCode);
  const named = problem && { ...problem, message: `Profile ${profile}: ${problem.message}` };
  return { outcome, running, exitCode: isMixed ? EXIT.mixed : exitCode, problem: named };
}

function good(ends: readonly ProfileEnd[], running: Running): Whole {
  const code = [EXIT.degraded, EXIT.somethingToDo].find((one) => ends.some(({ exitCode }) => exitCode === one));
  const outcome = BEST.find((one) => ends.some((end) => end.outcome === one)) ?? 'planned';
  const problem = ends.find((end) => end.exitCode === code)?.problem ?? null;
  return { outcome, running, exitCode: code ?? EXIT.done, problem };
}

/** Which machine runs all of them. */
function runningOf(ends: readonly ProfileEnd[]): Running {
  const all = new Set(ends.map(({ running }) => running));
  if (all.has('unknown')) return 'unknown';
  const [only = 'unknown'] = all;
  return all.size === 1 ? only : 'mixed';
}
