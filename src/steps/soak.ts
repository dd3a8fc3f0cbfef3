import type { Plan } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { keep, type Check, type Step } from '../core/step.ts';

const POLL_MS = 1000;

/**
 * Watches the moved gateway for a while and then runs the final checklist. After the commit nothing unwinds by itself: what does not
 * stop stands as a warning (exit 14), what stops is for a person (exit 10).
 */
export function soak(plan: Plan, { alive, checklist }: { alive: Check; checklist: readonly Check[] }): Step<null> {
  return {
    id: 'soak',
    title: 'Watch the new gateway, and see that the old one stays down',
    touches: 'new',
    before: () => Promise.resolve(null),
    async apply(world) {
      const until = world.clock.now() + plan.limits.soakMs;
      while (world.clock.now() < until) {
        for (const found of await alive.run(world)) if (found.stops) throw new ProblemError(found);
        await world.clock.sleep(Math.min(POLL_MS, Math.max(0, until - world.clock.now())), world.signal);
      }
      for (const check of checklist) {
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
