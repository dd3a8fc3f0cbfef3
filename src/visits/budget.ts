import { fail } from '../core/problem.ts';
import type { EventBody } from '../core/event.ts';
import type { World } from '../core/step.ts';
import { parseIsoTime } from '../core/timestamp.ts';
import { planOf, type Visit } from './visit.ts';

/** A world whose signal aborts when the hard budget of the downtime is used up; `dispose` lets go of the clock. */
export interface Budgeted {
  readonly world: World;
  dispose(): void;
}

/**
 * Holds a cutover to `--max-downtime-hard`: from the moment the gateway goes down, which a resumed run finds in its Journal, the signal aborts
 * with `over-budget` once that time is over. Those that move together with it wait for each other, so what is down the longest counts. Without
 * such a limit the world comes back as it is.
 */
export function budgeted(visit: Visit, world: World, together: readonly Visit[] = [visit]): Budgeted {
  const limitMs = planOf(visit).limits.hardDowntimeMs ?? null;
  if (limitMs === null) return { world, dispose: () => undefined };
  const over = new AbortController();
  const done = new AbortController();
  let isCounting = false;
  const count = (fromMs: number): void => {
    if (isCounting) return;
    isCounting = true;
    const leftMs = Math.max(0, fromMs + limitMs - world.clock.now());
    world.clock.sleep(leftMs, done.signal).then(
      () => over.abort(overBudget(limitMs)),
      () => undefined,
    );
  };
  const downMs = together.map(downSince).filter((ms) => ms !== null);
  if (downMs.length > 0) count(Math.min(...downMs));
  const emit = async (event: EventBody): Promise<void> => {
    if (event.type === 'run.down') count(world.clock.now());
    await world.emit(event);
  };
  return {
    world: { ...world, emit, signal: AbortSignal.any([world.signal, over.signal]) },
    dispose: () => done.abort(),
  };
}

/** Since when no gateway runs, as the Journal says; null while one does. */
function downSince({ journal }: Visit): number | null {
  const last = journal?.events.findLast(({ type }) => type === 'run.down' || type === 'run.up');
  return last?.type === 'run.down' ? parseIsoTime(last.ts) : null;
}

function overBudget(limitMs: number): Error {
  return fail('over-budget', {
    message: `No gateway has run for ${limitMs / 1000} s, which is all that --max-downtime-hard allows.`,
    hint: 'The report says which part took how long. Allow more, or have less to do in it: neo-pull sync USER@OLD --follow',
  });
}
