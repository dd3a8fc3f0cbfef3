import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../src/core/problem.ts';
import { REPOSITORY } from '../kit/repository.ts';

const codes = Object.keys(PROBLEMS);

/** The text of every TypeScript file below a directory, but for the ones named. */
function textOf(directory: string, but: readonly string[]): string {
  const names = readdirSync(join(REPOSITORY, directory), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.generated.ts') && !but.includes(name));
  return files.map((name) => readFileSync(join(REPOSITORY, directory, name), 'utf8')).join('\n');
}

/** Codes that stand nowhere in it as a string. */
function notIn(text: string): string[] {
  return codes.filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(text));
}

describe('every code in the table of Problems', () => {
  it('is said by something in src', () => {
    expect(notIn(textOf('src', ['core/problem.ts']))).toEqual([]);
  });

  it('occurs in a test', () => {
    expect(notIn(textOf('test', ['core/problem-codes.test.ts']))).toEqual([]);
  });
});
