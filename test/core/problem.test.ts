import { describe, expect, it } from 'vitest';
import { EXIT, EXIT_MEANING } from '../../src/core/exit.ts';
import { fail, problem, ProblemError, problemOf, PROBLEMS, type ProblemCode } from '../../src/core/problem.ts';

const codes = Object.keys(PROBLEMS) as ProblemCode[];
const words = { message: 'seen', hint: 'do' };

describe('the table of Problems', () => {
  it.each(codes)('says of %s why it matters, in one whole sentence without control characters', (code) => {
    const { why } = PROBLEMS[code];
    expect(why).toMatch(/^(?:[A-Z]|rsync ).*[^.\s]\.$/);
    expect(why).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it.each(codes)('gives %s an exit code that tells the state of the world', (code) => {
    const { exit } = PROBLEMS[code];
    expect(EXIT_MEANING[exit].meaning).not.toBe('');
    expect(exit).not.toBe(EXIT.done);
  });

  it('gives no two codes the same reason', () => {
    expect(new Set(codes.map((code) => PROBLEMS[code].why)).size).toBe(codes.length);
  });
});

describe('problem', () => {
  it('takes from the table whether it stops, unless told', () => {
    expect(problem('disk-full', words)).toEqual({ code: 'disk-full', stops: true, ...words });
    expect(problem('clock-skew', words).stops).toBe(false);
    expect(problem('clock-skew', { ...words, stops: true }).stops).toBe(true);
    expect(problem('bug', { ...words, detail: { a: 1 } }).detail).toEqual({ a: 1 });
  });
});

describe('problemOf', () => {
  it('finds the Problem in what was thrown, with its cause kept', () => {
    const cause = new Error('ENOSPC');
    const thrown = fail('disk-full', words, { cause });
    expect(problemOf(thrown)).toBe(thrown.problem);
    expect(thrown).toBeInstanceOf(ProblemError);
    expect([thrown.message, thrown.cause]).toEqual(['seen', cause]);
  });

  it('calls anything else a bug and says what it was', () => {
    expect(problemOf(new TypeError('x is undefined'))).toMatchObject({
      code: 'bug',
      message: 'TypeError: x is undefined',
    });
    expect(problemOf('thrown text')).toMatchObject({ code: 'bug', message: 'Error: thrown text' });
    expect(problemOf(undefined).hint).not.toBe('');
  });
});
