import type { Clock } from '../../src/core/clock.ts';

/** 22 November 2026, 14:30:15 UTC. */
export const NOVEMBER_MS = Date.UTC(2026, 10, 22, 14, 30, 15);

/** A clock that the test sets; sleeping moves it. */
export class TestClock implements Clock {
  nowMs: number;

  constructor(nowMs = NOVEMBER_MS) {
    this.nowMs = nowMs;
  }

  now(): number {
    return this.nowMs;
  }

  sleep(waitMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.nowMs += waitMs;
    return Promise.resolve();
  }
}
