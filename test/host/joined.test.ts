import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { joined } from '../../src/host/joined.ts';

it('a joined signal aborts with the first of its signals, and its reason', () => {
  const [one, other, reason] = [new AbortController(), new AbortController(), new Error('enough')];
  const { signal } = joined(one.signal, other.signal);
  expect(signal.aborted).toBe(false);
  other.abort(reason);
  one.abort();
  expect(signal.reason).toBe(reason);
  expect(joined(new AbortController().signal, other.signal).signal.reason).toBe(reason);
});

it('a joined signal that was let go leaves nothing at a signal that lives for days', () => {
  const lasting = new AbortController();
  const released = Array.from({ length: 100 }, () => {
    const { signal, release } = joined(lasting.signal, new AbortController().signal);
    expect(getEventListeners(lasting.signal, 'abort')).toHaveLength(1);
    release();
    release();
    return signal;
  });
  expect(getEventListeners(lasting.signal, 'abort')).toEqual([]);
  lasting.abort();
  expect(released.some(({ aborted }) => aborted)).toBe(false);
});
