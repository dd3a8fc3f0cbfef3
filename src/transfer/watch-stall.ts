import type { Clock } from '../core/clock.ts';

export interface StallOptions {
  /** A count that grows with every sign of life: bytes on the line and in the output. */
  readonly activity: () => number;
  readonly stallMs: number;
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** So many looks make up one `stallMs`. */
const LOOKS = 8;
/** Less than this in `stallMs` is no progress: rsync's keep-alives alone must not keep a dead transfer going. */
const LEAST_ACTIVITY = 64;

/**
 * Waits for a stall: resolves true after `stallMs` (up to one eighth more) in which next to nothing happened, false when `signal` aborts.
 * Counts looks instead of comparing times of day, so a clock that is set during the run makes no stall and hides none.
 */
export async function watchForStall({ activity, stallMs, clock, signal }: StallOptions): Promise<boolean> {
  let mark = activity();
  let idleLooks = 0;
  for (;;) {
    try {
      await clock.sleep(Math.max(1, Math.ceil(stallMs / LOOKS)), signal);
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
    const seen = activity();
    if (seen - mark >= LEAST_ACTIVITY) {
      mark = seen;
      idleLooks = 0;
    } else if (++idleLooks >= LOOKS) return true;
  }
}
