import type { Plan, Root } from '../core/plan.ts';
import type { RunFolder, World } from '../core/step.ts';
import { manifestFile, takeKnowing, type Tree } from './manifests.ts';

/** When what is live is looked at around doctor: before its first pass, after each, and on the way back. */
type Moment = 'before' | 'back' | number;

/** The trees that doctor works on, each file with its hash; what has not changed since it was last read is not read again. */
export function liveTrees(plan: Plan) {
  return {
    async take(world: World, moment: Moment): Promise<void> {
      const known: Tree =
        moment === 'before' ? 'staged' : `doctor-${typeof moment === 'number' && moment > 1 ? moment - 1 : 'before'}`;
      for (const root of plan.roots) await takeKnowing(world, plan, { root, tree: `doctor-${moment}`, known });
    },
    file: (run: RunFolder, root: Root, moment: Moment): string => manifestFile(run, root, `doctor-${moment}`),
  };
}
