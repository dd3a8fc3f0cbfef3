import { describe, expect, it } from 'vitest';
import {
  JSON_MAX_BYTES,
  JSON_MAX_DEPTH,
  JSON5_MAX_BYTES,
  parseText,
  textOf,
  type TextSource,
} from '../../src/core/json-text.ts';
import { ProblemError, type Problem } from '../../src/core/problem.ts';

const source: TextSource = { file: 'the config', code: 'config-malformed' };

describe('parseText', () => {
  it('reads JSON and JSON5, with or without a byte order mark', () => {
    expect(parseText('\uFEFF{"a":1}', source)).toEqual({ a: 1 });
    expect(parseText("\uFEFF// x\n{a:[+.5,0x10,'b',],}", source)).toEqual({ a: [0.5, 16, 'b'] });
  });

  it('refuses nesting that no person wrote before any of it is built (F52)', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseText(nested(JSON_MAX_DEPTH), source)).toBeInstanceOf(Array);
    expect(problemOf(nested(JSON_MAX_DEPTH + 1))).toMatchObject({
      code: 'config-malformed',
      detail: { line: 1, column: 201 },
    });
    expect(problemOf('{a:'.repeat(10_000_000)).message).toContain('nested more than 200 deep');
    expect(problemOf(`["]",\n${'/**/{"a":['.repeat(200)}`).detail).toEqual({ line: 2, column: 1000 });
  });

  it('does not count brackets in strings and comments', () => {
    expect(parseText(`{/*${'['.repeat(300)}*/ a: '${'{'.repeat(300)}' //${'['.repeat(300)}\n}`, source)).toEqual({
      a: '{'.repeat(300),
    });
  });

  it('refuses what is too long to be read, JSON5 sooner than JSON (F52)', () => {
    expect(problemOf(`"${'x'.repeat(JSON_MAX_BYTES)}"`).message).toMatch(/^"the config" is 67108866 bytes long/);
    expect(parseText(`"${'x'.repeat(JSON5_MAX_BYTES)}"`, source)).toHaveLength(JSON5_MAX_BYTES);
    const long = 'x'.repeat(JSON5_MAX_BYTES);
    expect(problemOf(`'${long}'`).message).toBe('"the config" is not JSON, and too long to be read as JSON5.');
    expect(problemOf(`["${long}"`).detail).toEqual({ line: 1, column: long.length + 4 });
    expect(problemOf(`["${long}"\n 1]`).detail).toEqual({ line: 2, column: 2 });
    expect(problemOf(`["${long}`).detail).toEqual({ line: 1, column: long.length + 3 });
  });

  it('tells the place by line and column, whatever ends the lines', () => {
    expect(problemOf('{\r\n  a: 1,\r\n  b: ?\r\n}').detail).toEqual({ line: 3, column: 6 });
    expect(problemOf('').message).toBe('"the config" is neither JSON nor JSON5 (line 1, column 1).');
  });

  it('throws the code that it was given', () => {
    expect(problemOf('{', { file: 'agents/a/sessions/sessions.json', code: 'rewrite-failed' })).toMatchObject({
      code: 'rewrite-failed',
      stops: true,
      message: '"agents/a/sessions/sessions.json" is neither JSON nor JSON5 (line 1, column 2).',
    });
  });
});

describe('textOf', () => {
  it('gives a text of which every byte comes back', () => {
    const bytes = Buffer.from('\uFEFF{"ü": "\u{1f4a9}\0"}\r\n');
    expect(Buffer.from(textOf(bytes, source))).toEqual(bytes);
  });

  it('refuses bytes that would not come back', () => {
    for (const bytes of [[0xff], [0xe9, 0x61], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf0, 0x9f, 0x92]]) {
      expect(thrownBy(() => textOf(Buffer.from(bytes), source)).message).toBe('"the config" is not UTF-8.');
    }
  });
});

function problemOf(text: string, of = source): Problem {
  return thrownBy(() => parseText(text, of));
}

function thrownBy(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('nothing was thrown');
}
