import { setTimeout as timer } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real time. The only place that reads the system's clock or sets its timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(waitMs, signal) {
    for (let leftMs = Math.max(0, waitMs); ; leftMs -= LONGEST_TIMER_MS) {
      await nap(Math.min(leftMs, LONGEST_TIMER_MS), signal);
      if (leftMs <= LONGEST_TIMER_MS) return;
    }
  },
};

async function nap(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await timer(waitMs, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
