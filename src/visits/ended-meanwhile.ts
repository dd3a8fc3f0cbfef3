import { problem, type Problem } from '../core/problem.ts';
import { readLife, type Life } from '../gateway/life.ts';
import { asFound, planOf, worldOf, type Visit } from './visit.ts';

/** A service that starts by itself may be on its way up: our own login can be the first one after a power cut. */
const COMES_UP_MS = 10_000;
const POLL_MS = 200;

/**
 * When everything is put back: what the old gateway lacks to run as it did. What neo-pull has stopped runs again then; what a power cut, or
 * somebody, has ended before that, and nothing on that machine starts again, does not, and is not to be called running. Null when it runs, did not
 * run before, or cannot be looked at. Read-only.
 */
export async function endedMeanwhile(visit: Visit, cause: Problem): Promise<Problem | null> {
  const { old, run, ranAs } = planOf(visit);
  if (asFound(planOf(visit)) !== 'old') return null;
  const life = await lookForIt(visit).catch(() => null);
  if (life === null || life.alive || !life.supported) return null;
  const how = ranAs === 'foreground' ? 'in a terminal' : 'as a service';
  return problem('old-not-running', {
    message: `${cause.message} Everything is put back. The old gateway ran ${how} when it was looked at first, and does not run now: it ended before neo-pull had stopped it, and nothing there has started it again.`,
    hint: `Start it on the old machine (${old.hostname}) as you did. To see that all is in its place then: neo-pull rollback ${run}`,
  });
}

async function lookForIt(visit: Visit): Promise<Life> {
  const { gateway } = planOf(visit).old;
  // Ctrl-C may be the reason for all this.
  const world = { ...worldOf(visit), signal: new AbortController().signal };
  const deadline = world.clock.now() + COMES_UP_MS;
  for (;;) {
    const life = await readLife(world.old, gateway, world);
    if (life.alive || life.service?.enabled !== true || world.clock.now() >= deadline) return life;
    await world.clock.sleep(POLL_MS, world.signal);
  }
}
