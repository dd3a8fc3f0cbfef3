import type { Clock } from '../core/clock.ts';
import type { MostReceived } from '../core/most-received.ts';

/** What has come so far. */
export interface SoFar extends MostReceived {
  /** Over the line, both directions. */
  readonly wireBytes: number;
}

const LOOK_MS = 500;
/** More than that the line does not need to name an entry: a name, its facts and sums of its blocks. */
const WIRE_BYTES_PER_ENTRY = 8 * 1024;

/**
 * Has more come than may? Names and sums are counted by what the line has carried, because a list of files that never ends shows in no
 * progress: rsync tells of it only once it has all of it. Pure.
 */
export function isExcess({ entries, bytes, wireBytes }: SoFar, most: MostReceived): boolean {
  return entries > most.entries || bytes > most.bytes || wireBytes > most.bytes + most.entries * WIRE_BYTES_PER_ENTRY;
}

/** Looks twice a second: resolves true once more has come than may, false when `signal` aborts. */
export async function watchForExcess(options: {
  readonly soFar: () => SoFar;
  readonly most: MostReceived;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { soFar, most, clock, signal } = options;
  for (;;) {
    try {
      await clock.sleep(LOOK_MS, signal);
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
    if (isExcess(soFar(), most)) return true;
  }
}
