import type { Plan } from '../core/plan.ts';
import { keep, type Step } from '../core/step.ts';
import { Rounds } from './rounds.ts';

/** Copying less than that takes no time in which much could change. */
const WORTH_BYTES = 256 * 1024 * 1024;

/** Did the first copy take so long, or is the downtime to be so short, that it is worth copying again what changed meanwhile? Pure. */
export function isWorthCatchingUp({ roots, limits }: Plan): boolean {
  const bytes = roots.reduce((total, root) => total + root.bytes, 0);
  return bytes >= WORTH_BYTES || (limits.downtimeMs ?? null) !== null;
}

/**
 * Copies again what changed during the first copy, and then what changed during that, until the forecast of the downtime is within
 * `--max-downtime`, or no longer falls, or after five rounds. Where the forecast stays above what was asked for, that is told.
 */
export function catchUp(plan: Plan): Step<null> {
  return {
    id: 'catch-up',
    title: 'Copy again what changed meanwhile, until little is left',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const rounds = new Rounds(plan, () => new Map());
      for (let goesOn = true; goesOn;) {
        world.signal.throwIfAborted();
        await rounds.whole(world, { isWatched: false });
        goesOn = !rounds.outlook({ isWatched: false, gatheringMs: 0 }).converged;
      }
      const { forecast } = rounds.outlook({ isWatched: false, gatheringMs: 0 });
      const budgetMs = plan.limits.downtimeMs ?? null;
      if (budgetMs === null || forecast.totalMs <= budgetMs) return;
      const [most] = forecast.parts.toSorted((a, b) => b.ms - a.ms);
      const message =
        `The downtime is forecast at ${seconds(forecast.totalMs)} s, above the ${seconds(budgetMs)} s of --max-downtime; further rounds would not help. ` +
        `Most of it: ${most?.part ?? ''} (${seconds(most?.ms ?? 0)} s).`;
      await world.emit({ type: 'notice', message });
    },
    undo: keep('staging serves the next try'),
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
