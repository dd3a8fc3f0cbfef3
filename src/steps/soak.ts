import type { Plan } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { keep, type Check, type Step, type World } from '../core/step.ts';

const POLL_MS = 1000;
/** Between two looks at the old machine: each is a command over the line. Right before the start was one, and the checklist ends with one. */
const OLD_EVERY_MS = 5000;

/** What is looked at while watching, and once at its end. */
export interface Watched {
  /** Makes one that remembers its first look. */
  readonly steady: () => Check;
  readonly oldDead: Check;
  readonly checklist: readonly Check[];
}

/**
 * Watches the moved gateway for a while, and that the old one stays dead, and then runs the final checklist. After the commit nothing
 * unwinds by itself: what does not stop stands as a warning (exit 14), what stops is for a person (exit 10).
 */
export function soak(plan: Plan, { steady, oldDead, checklist }: Watched): Step<null> {
  return {
    id: 'soak',
    title: 'Watch the new gateway, and see that the old one stays down',
    touches: 'new',
    before: () => Promise.resolve(null),
    async apply(world) {
      const { clock, signal } = world;
      const alive = steady();
      const until = clock.now() + plan.limits.soakMs;
      let lookAtMs = clock.now() + OLD_EVERY_MS;
      while (clock.now() < until) {
        await refuse(world, alive);
        if (clock.now() >= lookAtMs) {
          // One that cannot be reached for a moment is told by the last look, if it stays so.
          await refuse(world, oldDead);
          lookAtMs = clock.now() + OLD_EVERY_MS;
        }
        await clock.sleep(Math.min(POLL_MS, Math.max(0, until - clock.now())), signal);
      }
      for (const check of [alive, ...checklist]) {
        const problems = await check.run(world);
        await world.emit({ type: 'check.done', check: check.id, title: check.title, problems });
        const stopping = problems.find((found) => found.stops);
        if (stopping) throw new ProblemError(stopping);
        for (const found of problems) await world.emit({ type: 'run.warned', problem: found });
      }
    },
    undo: keep('watching changes nothing'),
  };
}

async function refuse(world: World, check: Check): Promise<void> {
  for (const found of await check.run(world)) if (found.stops) throw new ProblemError(found);
}
