import { spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownHostsName, matchesName, parseKnownHosts } from '../../src/host/known-hosts.ts';

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIGk5WCcJTfCzLqyBSvBZ3PoqKHXP3PmxnIH6P1C3kmIE';
const line = (names: string, marker = ''): string => `${marker}${names} ssh-ed25519 ${KEY}`;

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

describe('a known_hosts file', () => {
  it('names keys, line by line, and leaves out what is no key of a machine', () => {
    const text = [
      '# a comment',
      line('old.example,10.0.0.7'),
      '',
      `  ${line('other')} with a comment\r`,
      line('*.corp', '@cert-authority '),
      line('bad', '@revoked '),
      line('odd', '@unheard-of '),
      'half ssh-ed25519',
      'liar ssh-rsa ' + KEY,
      'empty ssh-ed25519 AAAA',
    ].join('\n');
    const known = parseKnownHosts(text, '/f').map(({ line: number, names, revoked, authority }) => ({
      ...{ number, names },
      is: revoked ? 'revoked' : authority ? 'authority' : 'known',
    }));
    expect(known).toEqual([
      { number: 2, names: 'old.example,10.0.0.7', is: 'known' },
      { number: 4, names: 'other', is: 'known' },
      { number: 5, names: '*.corp', is: 'authority' },
      { number: 6, names: 'bad', is: 'revoked' },
    ]);
  });

  it.each([
    ['old.example', 'old.example', true],
    ['OLD.example', 'old.example', true],
    ['a,old.example,b', 'old.example', true],
    ['*.example', 'old.example', true],
    ['o?d.example', 'old.example', true],
    ['*', 'old.example', true],
    ['*.example,!old.example', 'old.example', false],
    ['!old.example,*', 'old.example', false],
    ['!other.example,*.example', 'old.example', true],
    ['!other', 'old.example', false],
    ['old', 'old.example', false],
    ['old.example', '[old.example]:2222', false],
    ['[old.example]:2222', '[old.example]:2222', true],
    ['[*.example]:*', '[old.example]:2222', true],
    [hashed('old.example'), 'old.example', true],
    [hashed('[old.example]:2222'), '[old.example]:2222', true],
    [hashed('other'), 'old.example', false],
    ['|1|broken', 'old.example', false],
    ['|2|AAAA|AAAA', 'old.example', false],
    ['', 'old.example', false],
  ])('%s: does it mean %s? %s', (names, name, matches) => {
    expect(matchesName(names, name)).toBe(matches);
  });

  it('lists a machine by its name, with the port where that is unusual', () => {
    expect(knownHostsName('Old.Example.', 22)).toBe('old.example');
    expect(knownHostsName('::1', 2222)).toBe('[::1]:2222');
  });

  // F124
  it('can hold anything without harm, and quickly', () => {
    const word = fc.string({ unit: 'binary', maxLength: 30 });
    const nearly = fc
      .tuple(fc.constantFrom('', '@revoked ', '@x '), word, word)
      .map(([marker, names, rest]) => line(names, marker) + rest);
    fc.assert(
      fc.property(fc.array(fc.oneof(word, nearly), { maxLength: 5 }), (lines) => {
        for (const { names } of parseKnownHosts(lines.join('\n'), '/f')) matchesName(names, 'old.example');
      }),
      { numRuns: 10_000 },
    );
    const begun = performance.now();
    matchesName(`${'*a'.repeat(2000)}b`, 'a'.repeat(253));
    expect(performance.now() - begun).toBeLessThan(500);
  });

  describe('as ssh-keygen reads it', () => {
    let folder: string;
    beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'np-known-'))));
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    it('means the same machines', () => {
      const file = join(folder, 'known_hosts');
      const piece = fc.stringMatching(/^[a-bA-B.*?]{1,5}$/);
      const pattern = fc.tuple(fc.constantFrom('', '!'), piece).map((parts) => parts.join(''));
      const names = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((patterns) => patterns.join(','));
      fc.assert(
        fc.property(names, fc.stringMatching(/^[ab.]{1,4}$/), (listed, name) => {
          writeFileSync(file, `${line(listed)}\n`);
          const found = spawnSync('ssh-keygen', ['-F', name, '-f', file]).status === 0;
          const ours = parseKnownHosts(`${line(listed)}\n`, file).some((known) => matchesName(known.names, name));
          expect(ours).toBe(found);
        }),
        { numRuns: 150 },
      );
    });
  });
});
