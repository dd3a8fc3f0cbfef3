import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { firstOf, Waiters } from '../../src/host/waiters.ts';

it('who waits is let go by the next word, and by no earlier one', async () => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  waiters.wake();
  let woken = 0;
  const both = [waiters.wait(signal), waiters.wait(signal)].map((wait) => wait.then(() => (woken += 1)));
  await systemClock.sleep(5);
  expect(woken).toBe(0);
  waiters.wake();
  await Promise.all(both);
  expect(woken).toBe(2);
});

it('a thousand waits leave nothing at a signal that lives on, whichever ended them', async () => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  for (let n = 0; n < 1000; n += 1) {
    const isWoken = n % 2 === 1;
    const wait = firstOf(signal, [
      (over) => systemClock.sleep(isWoken ? 10_000 : 0, over),
      (over) => waiters.wait(over),
    ]);
    if (isWoken) waiters.wake();
    await wait;
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('the first that fails is what fails, and an abort ends them all', async () => {
  const stop = new AbortController();
  const ended: string[] = [];
  const waits = (over: AbortSignal): Promise<void> =>
    systemClock.sleep(60_000, over).catch((error: unknown) => {
      ended.push('one');
      throw error;
    });
  await expect(firstOf(stop.signal, [waits, () => Promise.reject(new Error('broken'))])).rejects.toThrow('broken');
  expect(ended).toEqual(['one']);
  const aborted = firstOf(stop.signal, [waits, waits]);
  stop.abort(new Error('told to end'));
  await expect(aborted).rejects.toThrow('told to end');
  expect(ended).toHaveLength(3);
});
