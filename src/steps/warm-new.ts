import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import type { RunFolder, Step } from '../core/step.ts';
import { askDoctor } from '../gateway/ask.ts';

/**
 * Calls the product once in a throwaway home on the new machine: its first call there costs tens of seconds, later ones seconds, and
 * this one is made while the old gateway still serves. What it answers does not matter; it leaves nothing.
 */
export function warmNew(plan: Plan): Step<null> {
  return {
    id: 'warm-new',
    title: 'Warm the product up in a throwaway home',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const home = homeIn(world.run);
      await rm(home, { recursive: true, force: true });
      await mkdir(home, { mode: 0o700 });
      const stateDir = join(home, 'state');
      const gateway = { ...plan.new.gateway, home, stateDir, configPath: join(stateDir, 'none.json') };
      try {
        await askDoctor(world.new, gateway, { ...world, timeoutMs: plan.limits.doctorMs });
      } catch (error) {
        const { code, message } = problemOf(error);
        if (code === 'bug' || world.signal.aborted) throw error;
        await world.emit({
          type: 'notice',
          message: `Warming up the product did not work, which only costs time later: ${message}`,
        });
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
    undo: ({ run }) => rm(homeIn(run), { recursive: true, force: true }),
  };
}

/** Always the same one, so that what a crash has left there is found again. */
function homeIn(run: RunFolder): string {
  return join(run.path, 'warm');
}
