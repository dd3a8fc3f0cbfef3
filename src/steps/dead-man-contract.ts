import type { Gateway, Limits } from '../core/plan.ts';
import type { Identity } from '../gateway/probe-contract.ts';
import type { RanBefore } from './start-again.ts';

/** Names in the switch's folder on the old machine. */
export const FILES = {
  program: 'dead-man.cjs',
  request: 'request.json',
  watcher: 'watcher.json',
  /** Renewed by us; that it changes is what counts, not what it says. */
  beat: 'beat',
  /** Made once, by `link`: whoever makes it has decided, and nobody ever decides again. */
  decision: 'decision',
  /** Held by the one process that acts on a decision to fire. */
  actor: 'actor',
  done: 'done.json',
} as const;

/** `fired`: the old gateway comes back, and the new one may never be started for real. `cancelled`: the switch never acts. */
export type Decision = 'fired' | 'cancelled';

/** What the switch has to know to put the old gateway back. No secret: how a foreground gateway was started lies in `folder`. */
export interface DeadManRequest {
  readonly gateway: Gateway;
  readonly ran: RanBefore;
  readonly folder: string;
  readonly limits: Pick<Limits, 'stopMs' | 'startMs'>;
  readonly timeoutMs: number;
  /** How long after it was put back it is looked at once more. */
  readonly settleMs: number;
}

/** `arm` reads a DeadManRequest on stdin, `beat` renews, `cancel` and `fire` decide and wait for what comes of it; `watch` is the switch itself. */
export type DeadManVerb = 'arm' | 'beat' | 'cancel' | 'fire' | 'watch';

/** What every verb but `watch` prints, as one line of JSON. */
export interface DeadManAnswer {
  /** Null while nothing was decided. */
  readonly decision: Decision | null;
  /** Does a process run that may still act? */
  readonly isWatched: boolean;
  /** What came of firing; null while that is not over. */
  readonly done: Done | null;
}

export interface Done {
  readonly ok: boolean;
  readonly message: string;
}

/** A process of the switch. */
export type Watcher = Identity;
