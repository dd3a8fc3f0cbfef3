import { execFileSync, spawnSync } from 'node:child_process';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { parseHop, parseTarget } from '../../src/host/target.ts';

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
    ['DOM\\al@old', { user: 'DOM\\al', host: 'old', port: null }],
    ['DOM\\Al Smith@old', { user: 'DOM\\Al Smith', host: 'old', port: null }],
    ['robot$@old', { user: 'robot$', host: 'old', port: null }],
    ['ssh://DOM%5Cal@old:22', { user: 'DOM\\al', host: 'old', port: 22 }],
    ['prod/web', { user: null, host: 'prod/web', port: null }],
    ['old-', { user: null, host: 'old-', port: null }],
    ['al@a+b=c~d#e!f', { user: 'al', host: 'a+b=c~d#e!f', port: null }],
    ['al@fe80::1%eth0', { user: 'al', host: 'fe80::1%eth0', port: null }],
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
    'al\\@old',
    'al -oProxyCommand=id@old',
    'al @old',
    '$HOME@old',
    '~al@old',
    'al@/etc/old',
    'al@prod/../old',
    'ssh://prod/web',
    'ssh://a%20-l%3Bid@old',
    'ssh://%zz@old',
    `al@${'x'.repeat(254)}`,
  ])('%j is refused', (text) => {
    expect(() => parseTarget(text)).toThrow(ProblemError);
  });

  it('never carries on anything that means more than a name, and says what it refuses in one printable line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        try {
          const { user, host } = parseTarget(text);
          expect(user ?? '').not.toMatch(/[;&|<>()`'"%*?[{}\p{C}]|\$.|\\$| -|^[~#= ]|[^\S ]/u);
          if (!isIPv6(host)) expect(host).not.toMatch(/[\s;&|<>()$`'"\\%*?[{},:\p{C}]|^[~#=/]/u);
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

const isOurs = (text: string): boolean => {
  try {
    parseTarget(text);
    return true;
  } catch {
    return false;
  }
};

/** Why we refuse what `ssh` takes; null where there is no such reason. */
function whyRefused(text: string): string | null {
  const at = text.lastIndexOf('@');
  const [user, host] = [at < 0 ? null : text.slice(0, at), text.slice(at + 1)];
  if (host === '') return 'no host is named, and nothing is reached';
  if (/[%*?[\]]|\$./.test(text)) return 'a shell, or ssh itself, would fill it in';
  if (/^[~#=]/.test(user ?? '') || /^[~#=]/.test(host)) return 'a shell would make something of a word that begins so';
  if (/^ |[ \\]\$?$/.test(user ?? '')) return 'a blank at either end is a slip, and a backslash before $ takes it away';
  if (host.includes(':')) return 'a port is meant, or it is a URL that ssh takes for a name';
  if (/^\/|(?:^|\/)\.\.?(?:\/|$)/.test(host)) return 'as part of a path (%h) it leads elsewhere';
  return null;
}

describe('a target that', () => {
  // Ordinary letters and all that ASCII has beside them.
  const marks = fc.constantFrom(
    ...Array.from({ length: 95 }, (_none, at) => String.fromCharCode(32 + at)),
    '\t',
    '\x7f',
    'é',
  );
  const word = fc.array(fc.oneof(fc.constantFrom('a', 'b', '1', '-', '.', '\\', '/'), marks), {
    minLength: 1,
    maxLength: 5,
  });
  const text = fc
    .tuple(fc.option(word), word)
    .map(([user, host]) => `${user ? `${user.join('')}@` : ''}${host.join('')}`);

  it('ssh takes is taken, but for a listed reason, and one that ssh refuses is refused (F38)', () => {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' });
    fc.assert(
      fc.property(text, (any) => {
        const isOfSsh = spawnSync('ssh', ['-F', 'none', '-G', '--', any]).status === 0;
        if (isOurs(any)) expect([any, isOfSsh]).toEqual([any, true]);
        else if (isOfSsh) expect([any, whyRefused(any)]).toEqual([any, expect.any(String)]);
      }),
      {
        numRuns: 120,
        examples: [['DOM\\al@h'], ['prod/web'], ['old-'], ['u@h@i'], ['u s@h'], ['u -s@h'], ['u$@h'], ['.a']],
      },
    );
  });

  it('stands for a user and a host reaches ssh as just these', () => {
    for (const any of ['DOM\\al@prod/web', 'Al Smith@old-', 'robot$@a+b=c', 'é#x@é']) {
      const { user, host } = parseTarget(any);
      const said = execFileSync('ssh', ['-F', 'none', '-G', '-l', user ?? '', '--', host]).toString();
      expect(said).toContain(`\nhostname ${host}\n`);
      expect(said).toMatch(new RegExp(`^user ${(user ?? '').replaceAll(/[\\$]/g, '\\$&')}$`, 'm'));
    }
  });
});

describe('a jump host', () => {
  it('is read with its port, and with the user of a domain', () => {
    expect(parseHop('DOM\\al@hop-:2222', '-J')).toEqual({ user: 'DOM\\al', host: 'hop-', port: 2222 });
  });

  it.each(['', 'a/b', 'a;id', '-x', 'a:0', 'a b'])('%j is refused, and the words say where it was given', (hop) => {
    const attempt = (): unknown => parseHop(hop, 'ProxyJump for old');
    expect(attempt).toThrow(ProblemError);
    expect(attempt).toThrow(/^ProxyJump for old names the jump host /);
  });
});
