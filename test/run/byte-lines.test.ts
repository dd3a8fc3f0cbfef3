import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteLines } from '../../src/run/byte-lines.ts';

/** Feeds `bytes` in pieces that end at `cuts`. */
function fed(bytes: Buffer, cuts: readonly number[], maxBytes: number): { lines: string[]; isTooLong: boolean } {
  const lines = new ByteLines(maxBytes);
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  const found = ends.flatMap((end, at) => lines.push(bytes.subarray(at === 0 ? 0 : ends[at - 1], end)));
  return { lines: found.map((line) => line.toString('latin1')), isTooLong: lines.isTooLong };
}

describe('bytes as lines', () => {
  it('are the same lines wherever they are cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), fc.array(fc.nat()), (texts, cuts) => {
        const whole = texts.map((text) => Buffer.from(text.filter((byte) => byte !== 0x0a)).toString('latin1'));
        const bytes = Buffer.from(whole.map((text) => `${text}\n`).join('') + 'tail', 'latin1');
        expect(fed(bytes, cuts, 100)).toEqual({ lines: whole, isTooLong: false });
      }),
    );
  });

  it('end where a line is longer than allowed, whether its end has come or not', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10)), fc.nat(40), fc.boolean(), fc.array(fc.nat()), (sizes, over, ended, cuts) => {
        const before = sizes.map((size) => 'a'.repeat(size));
        const bytes = Buffer.from([...before, `${'b'.repeat(11 + over)}${ended ? '\nafter\n' : ''}`].join('\n'));
        expect(fed(bytes, cuts, 10)).toEqual({ lines: before, isTooLong: true });
      }),
    );
  });

  it('take nothing more after that', () => {
    const lines = new ByteLines(3);
    expect(lines.push(Buffer.from('abcd'))).toEqual([]);
    expect(lines.push(Buffer.from('\nab\n'))).toEqual([]);
    expect(lines.isTooLong).toBe(true);
  });
});
