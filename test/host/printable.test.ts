import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../src/host/printable.ts';

describe('text of foreign origin, made printable', () => {
  it('keeps what people read', () => {
    expect(printable('Grüße, 日本 😀 ~/a b/c.txt')).toBe('Grüße, 日本 😀 ~/a b/c.txt');
  });

  it('shows what a terminal would obey, and what reorders text (F36, F41)', () => {
    expect(printable('a\x1b[2Jb\x9b31m\x07\r\n\t\0\x7f')).toBe('a\\x1b[2Jb\\x9b31m\\x07\\r\\n\\t\\x00\\x7f');
    expect(printable('gpj.\u202eexe')).toBe('gpj.\\u{202e}exe');
    expect(printable('\u2028\ufeff\u200b\u{e0041}')).toBe('\\u{2028}\\u{feff}\\u{200b}\\u{e0041}');
  });

  it('shows bytes that are not UTF-8 one by one', () => {
    expect(printable(Buffer.from([0x61, 0xff, 0x9b, 0x33]))).toBe('a\\xff\\x9b3');
    expect(printable(Buffer.from('ä'))).toBe('ä');
  });

  it('is never longer than asked for, is one line, and holds nothing that is not printable', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 120 }), (text, maxLength) => {
        const shown = printable(text, maxLength);
        expect(shown.length).toBeLessThanOrEqual(maxLength);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
        expect(printable(shown, maxLength)).toBe(shown);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not take long over a line of ten megabytes', () => {
    expect(printable('\x1b'.repeat(10_000_000), 10)).toBe('\\x1b\\x1b…');
  });
});
