import type { Event } from './event.ts';
import type { RunState } from './run-state.ts';

/** The dead-man's switch of a run, as its Journal tells. */
export interface DeadMan {
  /** When it was armed. */
  readonly at: string;
  readonly timeoutMs: number;
  /** Of what kind it is, and what it survives. */
  readonly how: string;
  /** `armed`: it may fire, or have fired, without our having heard; `ended`: it cannot any more. */
  readonly stands: 'armed' | 'fired' | 'cancelled' | 'ended';
}

/** Null where none was armed. Pure. */
export function deadManOf(events: readonly Event[], { steps }: RunState): DeadMan | null {
  const armed = events.findLast((event) => event.type === 'run.armed');
  if (armed?.type !== 'run.armed') return null;
  const { ts: at, timeoutMs, how } = armed;
  const since = events.slice(events.indexOf(armed));
  const hasFired = since.some((event) => event.type === 'run.unwinding' && event.problem.code === 'dead-man-fired');
  const isCancelled = steps.get('disarm-dead-man')?.phase === 'applied';
  const isOver = steps.get('arm-dead-man')?.phase === 'undone';
  return { at, timeoutMs, how, stands: hasFired ? 'fired' : isCancelled ? 'cancelled' : isOver ? 'ended' : 'armed' };
}
