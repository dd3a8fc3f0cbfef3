import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shown } from '../../src/core/shown.ts';

describe('shown', () => {
  it('writes what cannot be seen as escapes and cuts what is too long (F41)', () => {
    expect(shown('a b/ü')).toBe('"a b/ü"');
    expect(shown('\u001b[31m\r\n\x9b\u202e\u2028"')).toBe('"\\u001b[31m\\r\\n\\u009b\\u202e\\u2028\\""');
    expect(shown('abcdef', 3)).toBe('"abc..."');
    expect(shown('a\u{e0001}')).toBe('"a\\udb40\\udc01"');
  });

  it('is one printable line for any value, which still tells the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (value) => {
        expect(shown(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(JSON.parse(shown(value))).toBe(value);
      }),
    );
  });
});
