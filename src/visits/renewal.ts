import { problemOf, ProblemError } from '../core/problem.ts';
import { isOpen } from '../core/running.ts';
import type { World } from '../core/step.ts';
import { deadManMs, refuseFired, tellDeadMan } from '../steps/dead-man-client.ts';
import { planOf, stateOf, type Visit } from './visit.ts';

/** A world whose signal aborts once a dead-man's switch has fired; `dispose` ends the renewals, and waits for the one under way. */
export interface Renewed {
  readonly world: World;
  dispose(): Promise<void>;
}

const MOST_MS = 15_000;

/**
 * Keeps the switches of all that move together from firing, for as long as we work and the line stands. Throws `dead-man-fired` where one has
 * fired already: so a run that is resumed, or that was held up for too long, does not go on.
 */
export async function renewed(visit: Visit, world: World, together: readonly Visit[] = [visit]): Promise<Renewed> {
  const [waitMs] = together.map((one) => deadManMs(planOf(one))).filter((ms) => ms !== null);
  if (waitMs === undefined) return { world, dispose: () => Promise.resolve() };
  const fired = new AbortController();
  const done = new AbortController();
  await beatAll(together, world);
  const beating = (async () => {
    for (let isTold = false; ;) {
      await world.clock.sleep(Math.min(MOST_MS, waitMs / 5), done.signal);
      try {
        await beatAll(together, world);
        isTold = false;
      } catch (error) {
        if (isFired(error)) {
          fired.abort(error);
          return;
        }
        // Whoever works on the old machine notices a line that broke; one refused command is no reason to end.
        if (!isTold) await world.emit({ type: 'notice', message: unrenewed(error) });
        isTold = true;
      }
    }
  })().catch(() => undefined);
  return {
    world: { ...world, signal: AbortSignal.any([world.signal, fired.signal]) },
    async dispose() {
      done.abort();
      await beating;
    },
  };
}

/** Is a switch armed for this visit's run, by its Journal? */
function isArmed(visit: Visit): boolean {
  const state = stateOf(visit);
  return state.steps.get('arm-dead-man')?.phase === 'applied' && !isOpen(state, 'disarm-dead-man');
}

async function beatAll(together: readonly Visit[], world: World): Promise<void> {
  for (const visit of together.filter(isArmed)) {
    const plan = planOf(visit);
    refuseFired(plan, await tellDeadMan(plan, world, { verb: 'beat' }));
  }
}

function isFired(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'dead-man-fired';
}

function unrenewed(error: unknown): string {
  return `The dead-man's switch on the old machine could not be renewed just now: ${problemOf(error).message}`;
}
