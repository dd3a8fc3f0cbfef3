import type { Round } from '../core/converge.ts';

/** After a round there is three times as much rest as it took, but no more than this: the old machine has other things to do. */
const REST_MS = { places: 1500, whole: 60_000 } as const;
/** A pass over everything at least so often, however healthy the watcher is. */
const WHOLE_EVERY_MS = 5 * 60_000;
/** Without a watcher, or where something could not be copied: this often, or in ten times as long as a pass takes; never less often than the last. */
const POLL_MS = { often: 5000, seldom: 30 * 60_000 } as const;
/** So much may be left to the pass that is made while no gateway serves. */
const LEFT_TO_LAST = 500;

/** Where the following stands, as far as its pace depends on it. Moments and times in milliseconds. */
export interface Situation {
  readonly nowMs: number;
  readonly isWatching: boolean;
  /** May a watcher be started? */
  readonly isWatchDue: boolean;
  readonly last: Round | null;
  readonly lastWholeMs: number | null;
  /** Did the last pass over everything leave something behind? */
  readonly isPartial: boolean;
  /** Is all that changed since then among what is pending? */
  readonly isAll: boolean;
  readonly pending: number;
  /** How long until staging is to be repaired; null where it need not be. */
  readonly repairMs: number | null;
}

/** What a following does next: nothing, start a watcher (and look at everything), a pass over everything, or over what was told. Pure. */
export function dueTurn(now: Situation): 'watch' | 'whole' | 'places' | null {
  if (now.isWatchDue) return 'watch';
  if (now.repairMs === 0 || isOver(now.nowMs, now.lastWholeMs ?? 0, wholeEveryMs(now))) return 'whole';
  if (restMs(now) > 0) return null;
  if (now.isWatching && !now.isAll && !now.isPartial) return 'whole';
  return now.isAll && now.pending > 0 ? 'places' : null;
}

/** How long it still rests before the next round. Pure. */
export function restMs({ last, nowMs }: Pick<Situation, 'last' | 'nowMs'>): number {
  if (!last) return 0;
  const rest = Math.min(last.full ? REST_MS.whole : REST_MS.places, 3 * last.tookMs);
  // A clock that was set back makes it no longer.
  return Math.min(rest, Math.max(0, last.startedMs + last.tookMs + rest - nowMs));
}

/** How often everything is looked at. Pure. */
export function wholeEveryMs({
  isWatching,
  isPartial,
  last,
}: Pick<Situation, 'isWatching' | 'isPartial' | 'last'>): number {
  if (isWatching && !isPartial) return WHOLE_EVERY_MS;
  // A pass during which this machine slept seems to have taken long.
  return Math.min(POLL_MS.seldom, Math.max(POLL_MS.often, 10 * (last?.tookMs ?? 0)));
}

/** Is so little left that it may be copied while no gateway serves? After a pause, or hours without a line, it is not. Pure. */
export function isReady(now: Situation): boolean {
  if (now.isWatching && !now.isPartial) return now.isAll && now.pending <= LEFT_TO_LAST;
  return now.lastWholeMs !== null && !isOver(now.nowMs, now.lastWholeMs, 2 * wholeEveryMs(now));
}

/** Is so much time over? A clock that was set back has it over. */
function isOver(nowMs: number, sinceMs: number, waitMs: number): boolean {
  return nowMs < sinceMs || nowMs - sinceMs >= waitMs;
}
