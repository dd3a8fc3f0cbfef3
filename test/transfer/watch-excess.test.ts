import { expect, it } from 'vitest';
import { mostReceived } from '../../src/core/most-received.ts';
import { isExcess } from '../../src/transfer/watch-excess.ts';

const most = { entries: 10, bytes: 1000 };
const nothing = { entries: 0, bytes: 0, wireBytes: 0 };

it.each([
  ['all that may come', { entries: 10, bytes: 1000, wireBytes: 5000 }, false],
  ['an entry more', { ...nothing, entries: 11 }, true],
  ['a byte more', { ...nothing, bytes: 1001 }, true],
  // F47: rsync tells of no entry before it has all of a list
  ['names without an end, of which nothing is told yet', { ...nothing, wireBytes: 10 * 8192 + 1001 }, true],
])('%s', (_, soFar, expected) => {
  expect(isExcess(soFar, most)).toBe(expected);
});

it('may be a multiple of what was measured, at least what a small tree may grow by, and exactly what was said', () => {
  expect(mostReceived({}, { entries: 5, bytes: 5 })).toEqual({ entries: 1_000_000, bytes: 32 * 1024 ** 3 });
  expect(mostReceived({}, { entries: 2_000_000, bytes: 1024 ** 4 })).toEqual({
    entries: 8_000_000,
    bytes: 4 * 1024 ** 4,
  });
  expect(mostReceived({ maxEntries: 7, maxBytes: 8 }, { entries: 5, bytes: 5 })).toEqual({ entries: 7, bytes: 8 });
});
