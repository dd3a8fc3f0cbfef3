import type { Clock } from '../core/clock.ts';
import { Waiters } from '../host/waiters.ts';
import { timeGap } from './time-gap.ts';

/** How a pulse beats, in milliseconds. */
export interface PulseLimits {
  readonly beatMs: number;
  /** A beat that came so much too late: this machine slept meanwhile. */
  readonly sleptMs: number;
}

/** Looks at the clock at each beat, whatever else goes on, and so finds that this machine slept, or that its clock was set. */
export class Pulse {
  #gap: string | null = null;
  readonly #news = new Waiters();

  /** Beats until the signal aborts. */
  async beat(clock: Clock, { beatMs, sleptMs }: PulseLimits, signal: AbortSignal): Promise<void> {
    for (;;) {
      const startedMs = clock.now();
      const isOver = await clock.sleep(beatMs, signal).then(
        () => false,
        () => true,
      );
      if (isOver) return;
      const gap = timeGap({ startedMs, endedMs: clock.now(), waitMs: beatMs }, sleptMs);
      if (gap === null) continue;
      this.#gap = gap;
      this.#news.wake();
    }
  }

  /** What was found since the last take; null when nothing was. */
  take(): string | null {
    const gap = this.#gap;
    this.#gap = null;
    return gap;
  }

  /** Resolves when there is something to take. Rejects with the signal's reason. */
  async changed(signal: AbortSignal): Promise<void> {
    while (this.#gap === null) await this.#news.wait(signal);
  }
}
