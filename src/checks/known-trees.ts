import type { Plan } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import type { Check } from '../core/step.ts';
import { takeKnowing } from './manifests.ts';
import { together } from './together.ts';

/** Less than that is read in no time after the stop as well. */
const WORTH_BYTES = 64 * 1024 * 1024;
const WORTH_ENTRIES = 5000;

/** Is there so much that it is worth reading it before the stop? Pure. */
export function isWorthKnowing({ roots }: Plan): boolean {
  const sum = (of: (root: Plan['roots'][number]) => number): number => roots.reduce((total, one) => total + of(one), 0);
  return sum(({ bytes }) => bytes) >= WORTH_BYTES || sum(({ entries }) => entries) >= WORTH_ENTRIES;
}

/**
 * Hashes both trees while the old gateway serves: after the stop only what has changed since is read, so the downtime does not grow with what
 * there is. Again, it reads only what has changed. A file that changes meanwhile is read again later. Finds nothing wrong, ever: that is for
 * the look after the stop.
 */
export function knownTrees(plan: Plan): Check {
  return {
    id: 'known-trees',
    title: 'What lies still has been hashed on both machines',
    async run(world) {
      for (const root of plan.roots) {
        await together([
          takeKnowing(world, plan, { root, tree: 'old-known', known: 'old-known' }),
          takeKnowing(world, plan, { root, tree: 'staged-known', known: 'staged-known' }),
        ]).catch((error: unknown) => {
          // It only costs time later; the line and our own end do not.
          const { code } = problemOf(error);
          if (world.signal.aborted || code === 'bug' || code === 'connection-lost') throw error;
        });
      }
      return [];
    },
  };
}
