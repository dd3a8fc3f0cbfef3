import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/program.ts';
import { EXIT_MEANING } from '../../src/core/exit.ts';
import { PROBLEMS } from '../../src/core/problem.ts';
import { REPOSITORY } from '../kit/repository.ts';

const text = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

describe('the documentation', () => {
  it('is up to date with the tables in the source', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], {
      cwd: REPOSITORY,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('begins with the two commands of a fresh clone', () => {
    expect(text('README.md')).toMatch(/^# neo-pull\n\n```\nscripts\/demo .*\nscripts\/test .*\n```/);
  });

  it('has every exit code, what it means, and what to do about it', () => {
    const readme = text('README.md');
    for (const [code, { meaning, running }] of Object.entries(EXIT_MEANING))
      expect(readme).toContain(`| ${code} | ${meaning} | ${running} |`);
    const [, advice = ''] = readme.split('## Troubleshooting');
    const advised = [...advice.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, codes = '']) =>
      codes.split(', ').map(Number),
    );
    const failures = Object.keys(EXIT_MEANING)
      .map(Number)
      .filter((code) => code !== 0 && code !== 20);
    expect(advised.sort((a, b) => a - b)).toEqual(failures.sort((a, b) => a - b));
  });

  it('has every command, every flag and every problem', () => {
    for (const { name, flags } of COMMANDS) {
      expect(text('README.md')).toMatch(new RegExp(`\`(?:neo-pull )?[^\`]*\\b${name}\\b`));
      for (const [flag, { hidden }] of Object.entries(flags)) {
        if (hidden !== true) expect(text('README.md')).toContain(`--${flag}\``);
      }
    }
    for (const code of Object.keys(PROBLEMS)) expect(text('docs/problems.md')).toContain(`| \`${code}\` |`);
  });
});
