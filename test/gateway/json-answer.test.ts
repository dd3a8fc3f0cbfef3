import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { MAX_ANSWER_BYTES, readJsonAnswer } from '../../src/gateway/json-answer.ts';
import { fixture } from './fixture.ts';

/** Lines that no JSON begins on: boxes, log lines, advice. */
const chatter = fc.array(
  fc
    .tuple(fc.constantFrom('│', '◇  ', 'Hint: ', '[log] ', '{name} ', '[', '{ "', '['), fc.string({ maxLength: 30 }))
    .map(([start, rest]) => start + rest.replace(/[\]}\r\n]/g, '')),
  { maxLength: 5 },
);
const answer = fc
  .oneof(
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { minKeys: 1 }),
    fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1 }),
  )
  .filter((value) => !JSON.stringify(value).includes('"__proto__"')); // dropped on purpose

describe('reading a JSON answer', () => {
  it('finds it behind boxed notices and before advice', () => {
    const agents = readJsonAnswer(fixture('notices-before-agents.txt'));
    expect(agents).toMatchObject([{ id: 'main' }, { id: 'books' }]);
  });

  it('gives null for plain text where JSON was asked for', () => {
    expect(readJsonAnswer(fixture('channels-down.txt'))).toBeNull();
    expect(readJsonAnswer('')).toBeNull();
    expect(readJsonAnswer('2026.2.26\n')).toBeNull();
  });

  it('takes the longest of several, so that a short list in a notice is not the answer', () => {
    expect(readJsonAnswer('[1]\n{"ok": true}\n[]\n')).toEqual({ ok: true });
  });

  it('is not misled by brackets inside strings', () => {
    const value = { text: 'a } b ] "quoted" \\', more: ['{', '['] };
    expect(readJsonAnswer(`note\n${JSON.stringify(value)} trailing {\n`)).toEqual(value);
  });

  // F52
  it('drops __proto__ wherever it stands', () => {
    const value = readJsonAnswer('{"__proto__": {"polluted": 1}, "a": {"__proto__": [1], "b": 2}}');
    expect(value).toEqual({ a: { b: 2 } });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect({}).not.toHaveProperty('polluted');
  });

  // F52
  it('refuses more than 8 MiB', () => {
    const tooMuch = Buffer.alloc(MAX_ANSWER_BYTES + 1, ' ');
    expect(() => readJsonAnswer(tooMuch)).toThrow(ProblemError);
  });

  // F52
  it('gives null for nesting that no answer has', () => {
    expect(readJsonAnswer('['.repeat(100_000) + ']'.repeat(100_000))).toBeNull();
    expect(readJsonAnswer(`${'[\n'.repeat(1000)}1${'\n]'.repeat(1000)}`)).toBeNull();
  });

  // F52, F124
  it.each([
    ['opening brackets, one a line', '{\n'],
    ['open strings', '["\n'],
    ['lists in a list that never ends', '[[],\n'],
    ['blanks before brackets', `${' '.repeat(200)}{\n`],
    ['brackets in one line', '[{'],
    ['escapes', '["\\'],
  ])('reads 8 MiB of %s in reasonable time', (_, piece) => {
    const text = piece.repeat(Math.floor(MAX_ANSWER_BYTES / piece.length));
    expect(() => readJsonAnswer(text)).not.toThrow();
  });

  // F124
  it('gives back any answer that has any chatter around it', () => {
    fc.assert(
      fc.property(chatter, answer, chatter, fc.boolean(), (before, value, after, isPretty) => {
        const json = JSON.stringify(value, null, isPretty ? 2 : 0);
        const text = [...before, json, ...after].join('\n');
        expect(JSON.stringify(readJsonAnswer(text))).toBe(JSON.stringify(JSON.parse(json)));
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  // F124
  it('never throws, whatever it is given', () => {
    const pieces = fc.array(
      fc.oneof(fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', ':', ',', '1', '__proto__'), fc.string()),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        readJsonAnswer(parts.join(''));
      }),
      { numRuns: 10_000 },
    );
  });
});
