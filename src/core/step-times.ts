import type { Event } from './event.ts';
import { msBetween } from './timestamp.ts';

/** How long the latest `apply` or `undo` of each step took, in milliseconds; absent for one that did not end. Pure. */
export function stepTimes(events: readonly Event[]): ReadonlyMap<string, number> {
  const began = new Map<string, string>();
  const took = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'step.before' || event.type === 'step.undoing') {
      began.set(event.step, event.ts);
      took.delete(event.step);
    } else if (event.type === 'step.applied' || event.type === 'step.undone') {
      const since = began.get(event.step);
      if (since !== undefined) took.set(event.step, msBetween(since, event.ts));
    }
  }
  return took;
}
