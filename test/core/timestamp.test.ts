import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compactTime, isoTime, parseCompactTime } from '../../src/core/timestamp.ts';

it('a moment reads as ISO 8601 in UTC, and short in run ids', () => {
  const epochMs = Date.UTC(2026, 10, 22, 14, 30, 15, 7);
  expect(isoTime(epochMs)).toBe('2026-11-22T14:30:15.007Z');
  expect(compactTime(epochMs)).toBe('20261122-143015');
});

it('a short moment is read back to the second', () => {
  const seconds = fc.integer({ min: 0, max: 253_402_300_799 });
  fc.assert(fc.property(seconds, (second) => parseCompactTime(compactTime(second * 1000)) === second * 1000));
  expect(parseCompactTime('20261122')).toBeNaN();
});
