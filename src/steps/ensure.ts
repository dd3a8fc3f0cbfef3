import { ProblemError } from '../core/problem.ts';
import { keep, type Check, type Step } from '../core/step.ts';

/**
 * The step that looks instead of acting: runs its Checks in order and throws the first stopping Problem, which unwinds.
 * Problems that do not stop are journaled as warnings.
 */
export function ensure(id: string, title: string, checks: readonly Check[]): Step<null> {
  return {
    id,
    title,
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      for (const check of checks) {
        const problems = await check.run(world);
        await world.emit({ type: 'check.done', check: check.id, title: check.title, problems });
        const stopping = problems.find((found) => found.stops);
        if (stopping) throw new ProblemError(stopping);
        for (const warning of problems) await world.emit({ type: 'run.warned', problem: warning });
      }
    },
    undo: keep('looking changes nothing'),
  };
}
