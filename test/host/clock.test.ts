import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';

describe('the real clock', () => {
  it('sleeps at least as long as it is told', async () => {
    const begun = performance.now();
    await systemClock.sleep(30);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
  });

  it('wakes with the reason of the signal', async () => {
    const stop = new AbortController();
    const reason = new Error('wake up');
    const asleep = systemClock.sleep(60_000, stop.signal);
    stop.abort(reason);
    await expect(asleep).rejects.toBe(reason);
    await expect(systemClock.sleep(0, stop.signal)).rejects.toBe(reason);
  });

  it('does not wake at once from a sleep that is longer than a timer can be', async () => {
    const stop = new AbortController();
    let woke = false;
    const asleep = systemClock.sleep(2 ** 32, stop.signal).finally(() => (woke = true));
    await systemClock.sleep(20);
    expect(woke).toBe(false);
    stop.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
  });

  it('tells the time in milliseconds since the epoch', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });
});
