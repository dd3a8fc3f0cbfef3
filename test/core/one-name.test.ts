import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, OneName, type Folding } from '../../src/core/one-name.ts';

function groups(folding: Partial<Folding>, ...paths: string[]): string[][] {
  const names = new OneName({ foldsCase: false, normalises: false, ...folding });
  for (const path of paths) names.add(Buffer.from(path));
  return names.groups.map((group) => group.map(String));
}

describe('names that are one (F68, F69)', () => {
  it('differ by case, also in a directory above and in other scripts', () => {
    const paths = ['a', 'A', 'b', 'd/x', 'D/x', 'É', 'é', 'Σ', 'ς', 'straße', 'STRASSE'];
    const found = [['a', 'A'], ['d/x', 'D/x'], ['É', 'é'], ['Σ', 'ς'], ['straße', 'STRASSE']]; // prettier-ignore
    expect(groups({ foldsCase: true }, ...paths)).toEqual(found);
  });

  it('differ by how letters are put together', () => {
    expect(groups({ normalises: true }, 'caf\u00e9', 'cafe\u0301', 'cafe')).toEqual([['caf\u00e9', 'cafe\u0301']]);
    expect(groups({ normalises: true }, 'a', 'A')).toEqual([]);
    expect(groups({ foldsCase: true, normalises: true }, 'CAF\u00c9', 'cafe\u0301')).toHaveLength(1);
  });

  it('are all counted, and no more than fifty are kept; three of one name are one group', () => {
    const names = new OneName({ foldsCase: true, normalises: false });
    for (let n = 0; n < 80; n += 1) for (const letter of ['a', 'A']) names.add(Buffer.from(`${letter}${String(n)}`));
    expect([names.count, names.groups.length]).toEqual([80, 50]);
    expect(groups({ foldsCase: true }, 'ab', 'aB', 'AB')).toEqual([['ab', 'aB', 'AB']]);
  });

  it('are none where nothing is folded, none in bytes that are no text, and never of one path that comes twice', () => {
    expect(groups({}, 'a', 'A', 'caf\u00e9', 'cafe\u0301')).toEqual([]);
    expect(keyOf(Buffer.from([0x61, 0xff]), { foldsCase: true, normalises: true })).toBeNull();
    expect(groups({ foldsCase: true }, 'a', 'a')).toEqual([]);
  });

  it('stay one when either is written in another way again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const key = (path: string) => keyOf(Buffer.from(path), { foldsCase: true, normalises: true });
        expect(key(text.normalize('NFC'))).toBe(key(text.normalize('NFD')));
      }),
    );
  });
});
