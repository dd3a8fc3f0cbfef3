import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDotEnv, withVariables } from '../../src/core/dot-env.ts';
import { ProblemError } from '../../src/core/problem.ts';
import { parseDotEnv } from '../kit/stand-in/program/dot-env.ts';

/** Letters that make trouble, and some that do not. */
const LETTERS = '\'"`\\#$={}()!;&|<>~*?%:-_ aZ09\t\n\u00e9\u00a0\u2028'.split(/(?:)/u).concat('\u{1f511}');
const values = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 24 });
const names = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);

/** Null for what cannot be written. */
function written(text: string, variables: ReadonlyMap<string, string>): string | null {
  try {
    return withVariables(text, variables);
  } catch (thrown) {
    if (thrown instanceof ProblemError && thrown.problem.code === 'env-not-carried') return null;
    throw thrown;
  }
}

describe('what is written into .env', () => {
  it('is read as it was, by dotenv as the product has it and by Node (F111)', () => {
    let refused = 0;
    const isKept = fc.property(fc.array(fc.tuple(names, values), { maxLength: 4 }), (pairs) => {
      const variables = new Map(pairs);
      const text = written('OLD="kept #1"\n', variables);
      if (text === null) {
        refused += 1;
        return;
      }
      const whole = { ...Object.fromEntries(variables), OLD: 'kept #1' };
      expect(Object.fromEntries(readDotEnv(text))).toEqual(whole);
      expect(parseDotEnv(text)).toEqual(whole);
      expect({ ...parseEnv(text) }).toEqual(whole);
    });
    fc.assert(isKept, { numRuns: 2000 });
    expect(refused).toBeLessThan(500);
  });

  it.each([
    ['a space', 'two words'],
    ['quotes', `it's`],
    ['two kinds of quotes', `it's "so"`],
    ['three kinds of quotes', 'a\'b"c`d'],
    ['a comment sign', 'a#b'],
    ['lines', '-----BEGIN KEY-----\nabc\n-----END KEY-----\n'],
    ['dollars', '$HOME ${X} $(id)'],
    ['a backslash and an n', 'C:\\new'],
    ['a backslash at its end', 'C:\\dir\\'],
    ['blanks around', '  x  '],
    ['nothing', ''],
  ])('holds a value with %s', (_, value) => {
    const text = withVariables('', new Map([['A', value]]));
    expect(parseDotEnv(text)).toEqual({ A: value });
    expect({ ...parseEnv(text) }).toEqual({ A: value });
  });

  it('never beats what is there, byte for byte, with or without a line end', () => {
    const variables = new Map([
      ['A', 'new'],
      ['B', 'x y'],
    ]);
    const text = withVariables('export A=old # why', variables);
    expect(text.startsWith('export A=old # why\n')).toBe(true);
    expect(parseDotEnv(text)).toEqual({ A: 'old', B: 'x y' });
    expect(withVariables(text, variables)).toBe(text);
  });

  it.each([
    ['a carriage return', 'a\rb'],
    ['all quotes and a line end', '\'"`\n'],
    ['a backslash at the end of two words in quotes', `'a" b\\`],
  ])('is refused, without telling it, where a value has %s', (_, value) => {
    expect(written('', new Map([['A', value]]))).toBeNull();
    expect(() => withVariables('', new Map([['A', value]]))).toThrow(/^(?!.*\\b).*the value of A:/);
  });

  it('is refused where a quote that is left open would swallow it', () => {
    const text = written("A='open\n", new Map([['B', 'two words']]));
    expect(text === null || parseDotEnv(text)['B'] === 'two words').toBe(true);
  });
});
