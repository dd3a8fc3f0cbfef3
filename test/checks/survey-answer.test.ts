import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { countOf, groupsOf, listOf, parseAnswer, valueOf, valuesOf } from '../../src/checks/survey-answer.ts';

const key = fc.stringMatching(/^[a-z][a-z.-]{0,39}$/).filter((name) => name !== 'end');
const value = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed());

function said(records: readonly (readonly [string, string])[]): Buffer {
  return Buffer.from(records.map(([name, text]) => `${name}\0${text}\0`).join(''));
}

describe('an answer', () => {
  test('is read as it was said', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (records) => {
        expect(parseAnswer(said([...records, ['end', 'ok']]), 'old machine')).toEqual(records);
      }),
    );
  });

  test('of any bytes is read or is a survey-failed, never anything else (F52, F124)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          parseAnswer(Buffer.from(bytes), 'old machine');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProblemError);
          expect((thrown as ProblemError).problem.code).toBe('survey-failed');
        }
      }),
      { numRuns: 10_000 },
    );
  });

  test('that is cut off at any byte is none', () => {
    const whole = said([
      ['home', '/home/al'],
      ['dir', '/home/al/.x'],
      ['end', 'ok'],
    ]);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseAnswer(whole.subarray(0, length), 'old machine')).toThrow(/old machine/);
    }
  });

  test('with more parts than any machine has is refused', () => {
    const many = Array.from({ length: 20_001 }, () => ['dir', ''] as const);
    expect(() => parseAnswer(said([...many, ['end', 'ok']]), 'old machine')).toThrow(/more than 20000/);
  });

  test('keeps names that mean something to JavaScript as names', () => {
    const answer = parseAnswer(
      said([
        ['constructor', 'x'],
        ['end', 'ok'],
      ]),
      'old machine',
    );
    expect(valueOf(answer, 'constructor')).toBe('x');
    expect(valueOf(answer, 'hasownproperty')).toBeNull();
  });
});

test('groups begin with their head and end where something else is said', () => {
  const answer = [
    ['unit', 'a'],
    ['unit.text', '1'],
    ['unit.text', '2'],
    ['unit', 'b'],
    ['home', '/x'],
    ['unit.text', 'of no unit'],
  ] as const;
  expect(groupsOf(answer, 'unit')).toEqual([answer.slice(0, 3), answer.slice(3, 4)]);
  expect(valuesOf(answer, 'unit.text')).toHaveLength(3);
});

test('lists give names with newlines back, counts are counts or nothing', () => {
  expect(listOf([['l', 'a\x01b\nc']], 'l')).toEqual(['a\nb', 'c']);
  expect(countOf([['n', '12']], 'n')).toBe(12);
  for (const text of ['', '-1', '1e3', '9'.repeat(16), ' 1']) expect(countOf([['n', text]], 'n')).toBeNull();
});
