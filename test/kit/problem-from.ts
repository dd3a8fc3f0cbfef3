import { type Problem, ProblemError } from '../../src/core/problem.ts';

/** The Problem that something was refused with; throws whatever else it ended with. */
export async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) throw new Error('it was not refused');
  if (!(outcome.error instanceof ProblemError)) throw outcome.error;
  return outcome.error.problem;
}
