import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { watchForStall } from '../../src/transfer/watch-stall.ts';

/** A clock on which every sleep is over at once; `each` happens during the n-th. */
function fastClock(each: (look: number) => void): Clock & { sleptMs: number } {
  let look = 0;
  return {
    sleptMs: 0,
    now: () => {
      throw new Error('the time of day must not matter');
    },
    async sleep(waitMs, signal) {
      this.sleptMs += waitMs;
      each((look += 1));
      await Promise.resolve();
      signal?.throwIfAborted();
    },
  };
}

describe('watchForStall', () => {
  it('tells a stall after the given time without activity', async () => {
    const clock = fastClock(() => undefined);
    const signal = new AbortController().signal;
    expect(await watchForStall({ activity: () => 7, stallMs: 8000, clock, signal })).toBe(true);
    expect(clock.sleptMs).toBe(8000);
  });

  it('lets a slow but steady transfer go on, and begins anew with each sign of life', async () => {
    let bytes = 0;
    const clock = fastClock((look) => (bytes += look <= 70 && look % 7 === 0 ? 64 : 0));
    const signal = new AbortController().signal;
    expect(await watchForStall({ activity: () => bytes, stallMs: 8000, clock, signal })).toBe(true);
    expect(clock.sleptMs).toBe(78_000);
  });

  // F26, F49: a few bytes of keep-alive now and then are no transfer
  it('is not kept quiet by a trickle', async () => {
    let bytes = 0;
    const clock = fastClock(() => (bytes += 4));
    const signal = new AbortController().signal;
    expect(await watchForStall({ activity: () => bytes, stallMs: 8000, clock, signal })).toBe(true);
  });

  it('ends without a stall when the transfer is over', async () => {
    const over = new AbortController();
    const clock = fastClock((look) => look === 3 && over.abort());
    expect(await watchForStall({ activity: () => 0, stallMs: 8000, clock, signal: over.signal })).toBe(false);
  });
});
