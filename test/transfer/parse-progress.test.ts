import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProgress } from '../../src/transfer/parse-progress.ts';

const count = fc.integer({ min: 0, max: 1e9 });

describe('parseProgress', () => {
  it('reads a line with counts', () => {
    expect(parseProgress('        3000003  49%  476.84MB/s    0:00:00 (xfr#2, to-chk=5/9)')).toEqual({
      bytes: 3000003,
      percent: 49,
      counts: { sent: 2, done: 4, entries: 9 },
    });
  });

  it('reads a line from before rsync counts', () => {
    expect(parseProgress('              0   0%    0.00kB/s    0:00:00 ')).toEqual({
      bytes: 0,
      percent: 0,
      counts: null,
    });
    expect(parseProgress('         32,768   0%    0.00kB/s  ??:??:??')).toBeNull();
    expect(parseProgress('          32768   0%    0.00kB/s  ??:??:??')?.bytes).toBe(32768);
  });

  it.each([
    'deleting a 3 4% 5 6',
    'Number of files: 9',
    '99999999999999999999 1% x y',
    '1 101% x y',
    '1 1% x y (xfr#1, to-chk=3/2)',
  ])('takes %j for something else', (line) => {
    expect(parseProgress(line)).toBeNull();
  });

  it('reads back whatever rsync can write', () => {
    const line = fc.record({
      bytes: count,
      percent: fc.integer({ min: 0, max: 100 }),
      sent: count,
      done: count,
      left: count,
    });
    fc.assert(
      fc.property(line, fc.constantFrom('to', 'ir'), ({ bytes, percent, sent, done, left }, kind) => {
        const entries = done + left;
        const text = `${String(bytes).padStart(15)} ${percent}% 1.00MB/s 0:00:01 (xfr#${sent}, ${kind}-chk=${left}/${entries})`;
        expect(parseProgress(text)).toEqual({ bytes, percent, counts: { sent, done, entries } });
      }),
    );
  });

  // F124
  it('survives any text, and never gives a number that is none', () => {
    const near = fc.stringMatching(/^[ 0-9%(),#=/?:a-z-]{0,80}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), near), (text) => {
        const seen = parseProgress(text);
        const numbers = seen ? [seen.bytes, seen.percent, ...Object.values(seen.counts ?? {})] : [];
        expect(numbers.every((each) => Number.isSafeInteger(each) && each >= 0)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
