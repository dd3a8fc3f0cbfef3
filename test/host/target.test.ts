import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { parseTarget } from '../../src/host/target.ts';

describe('a target', () => {
  it.each([
    ['al@old.example', { user: 'al', host: 'old.example', port: null }],
    ['old', { user: null, host: 'old', port: null }],
    ['10.0.0.7', { user: null, host: '10.0.0.7', port: null }],
    ['::1', { user: null, host: '::1', port: null }],
    ['al@[fe80::1]', { user: 'al', host: 'fe80::1', port: null }],
    ['ssh://al@old.example:2222', { user: 'al', host: 'old.example', port: 2222 }],
    ['ssh://old/', { user: null, host: 'old', port: null }],
    ['ssh://[::1]:22', { user: null, host: '::1', port: 22 }],
    ['al@corp.example@old', { user: 'al@corp.example', host: 'old', port: null }],
    ['jörg_1.x-y+z@old', { user: 'jörg_1.x-y+z', host: 'old', port: null }],
  ])('%s is understood', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  // F38
  it.each([
    '',
    '@',
    'al@',
    '@old',
    '-oProxyCommand=id',
    'al@-oProxyCommand=id',
    '-l@old',
    'ssh://-oProxyCommand=id',
    'old;id',
    'al;id@old',
    '$(id)@old',
    'al@$(id)',
    '`id`@old',
    'al@old\nid',
    'al\n@old',
    'al@old\0',
    'al@%h',
    '%r@old',
    'al@old id',
    "al@o'ld",
    'al@old|id',
    'al@../../etc',
    'al@old:2222',
    'ssh://old:0',
    'ssh://old:65536',
    'ssh://old:22/path',
    'al@[::1',
    'al@[old]',
    'al@old\u202e',
    `al@${'x'.repeat(254)}`,
  ])('%j is refused', (text) => {
    expect(() => parseTarget(text)).toThrow(ProblemError);
  });

  it('never carries on anything that means more than a name, and says what it refuses in one printable line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        try {
          const { user, host } = parseTarget(text);
          expect(`${user ?? ''}${host}`).not.toMatch(/[\s;&|<>()$`'"\\%*?![{}~#\p{Cc}]/u);
          expect(host).not.toMatch(/^-/);
          expect(user ?? 'x').not.toMatch(/^-/);
        } catch (error) {
          if (!(error instanceof ProblemError)) throw error;
          expect(error.problem.code).toBe('target-malformed');
          expect(error.problem.message).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
