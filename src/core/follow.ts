import type { Forecast } from './converge.ts';
import type { CutoverOrder } from './order.ts';
import type { Problem } from './problem.ts';

/** What the loop that follows the old machine asks of whoever gives it orders. */
export interface Desk {
  /** Does somebody want it to rest? */
  isPaused(): boolean;
  /** What ends the following, once there is something; a cutover only when its time has come as far as a clock can tell. */
  ending(): 'stop' | CutoverOrder | null;
  /** Resolves when one of the above may have changed; rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void>;
  /** This order cannot be followed: that is told, and the following goes on. Nothing where another one has taken its place. */
  refuse(order: CutoverOrder, problem: Problem): void;
}

/** Where the following stands; each is a whole picture. Moments in milliseconds since the epoch. */
export interface Standing {
  readonly phase: 'seeding' | 'following' | 'paused' | 'polling' | 'waiting-for-line' | 'cutover-waiting';
  readonly engine: string;
  readonly rounds: number;
  readonly lastRoundMs: number | null;
  readonly lastFullMs: number | null;
  /** Places that are known to have changed and are not staged yet. */
  readonly pending: number;
  readonly bytesPerSecond: number | null;
  readonly dirtyBytesPerSecond: number | null;
  readonly forecast: Forecast | null;
  readonly converged: boolean;
  readonly note: string | null;
}

/** What the last pass has to look at, by root; every other place is proven to be as it was staged. */
export type Places = ReadonlyMap<string, readonly Buffer[]>;
