import { describe, expect, it } from 'vitest';
import { bytesText, counted, countText, durationText } from '../../src/cli/units.ts';

describe('quantities for people', () => {
  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1.0 KiB'],
    [150 * 1024, '150 KiB'],
    [3.25 * 1024 ** 3, '3.3 GiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0, '0.0 s'],
    [449, '0.4 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [7_440_000, '2 h 04 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  it('counts are grouped, and one is one', () => {
    expect(countText(1_204_567)).toBe('1,204,567');
    expect([counted(1, 'entry', 'entries'), counted(0, 'file'), counted(999, 'file')]).toEqual([
      '1 entry',
      '0 files',
      '999 files',
    ]);
  });
});
