import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/host/clock.ts';

/** The real time, but for what somebody has set it ahead or back by. What is being waited for goes on, as in the system. */
export class JumpingClock implements Clock {
  #aheadMs = 0;

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  sleep(waitMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(waitMs, signal);
  }

  /** Sets it ahead, or back by less than nothing. */
  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }
}
