import type { EventBody } from '../../src/core/event.ts';
import type { FollowStatus } from '../../src/core/order.ts';
import type { RunFolder } from '../../src/core/step.ts';

/** What a stand-in daemon is to do. */
export interface DaemonOrder {
  readonly run: RunFolder;
  readonly uid: number;
  /** What it says of itself, beside its pid. */
  readonly status?: Partial<FollowStatus>;
  /** What it tells when it cuts over; the last one is to be `run.finished`. */
  readonly cutover?: readonly EventBody[];
  /** After so many of these it waits for a line on its stdin. */
  readonly waitsAfter?: number;
}
