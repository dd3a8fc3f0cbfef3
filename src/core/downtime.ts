import type { Event } from './event.ts';
import { parseIsoTime } from './timestamp.ts';

/** One part of the downtime: a step, and how long it took while no gateway served. */
export interface DowntimePart {
  readonly step: string;
  readonly title: string;
  readonly ms: number;
}

export interface Downtime {
  /** From the moment the stop was sent until a gateway was proven up; null when it never went down or is not up yet. */
  readonly totalMs: number | null;
  /** When the stop was sent, and when a gateway was proven up; null as above. */
  readonly from: string | null;
  readonly until: string | null;
  readonly parts: readonly DowntimePart[];
}

/** The downtime of the last cutover in a Journal, by step. Pure. */
export function downtimeOf(events: readonly Event[]): Downtime {
  const down = events.findLastIndex((event) => event.type === 'run.down');
  if (down < 0) return { totalMs: null, from: null, until: null, parts: [] };
  const up = events.findIndex((event, at) => at > down && event.type === 'run.up');
  const last = up < 0 ? events.length - 1 : up;
  const parts = partsOf(events, down, last);
  const from = events[down]?.ts ?? null;
  if (up < 0) return { totalMs: null, from, until: null, parts };
  return { totalMs: between(events[down], events[up]), from, until: events[up]?.ts ?? null, parts };
}

/** Each stretch between two journal lines belongs to the step that was under way. */
function partsOf(events: readonly Event[], from: number, until: number): DowntimePart[] {
  const titles = new Map(events.flatMap((event) => (event.type === 'step.before' ? [[event.step, event.title]] : [])));
  const spent = new Map<string, number>();
  let step = 'stop-old';
  for (let at = from + 1; at <= until; at += 1) {
    const event = events[at];
    if (event && 'step' in event && event.type !== 'progress') step = event.step;
    spent.set(step, (spent.get(step) ?? 0) + between(events[at - 1], event));
  }
  return [...spent].map(([id, ms]) => ({ step: id, title: titles.get(id) ?? id, ms }));
}

function between(a: Event | undefined, b: Event | undefined): number {
  return a && b ? parseIsoTime(b.ts) - parseIsoTime(a.ts) : 0;
}
