import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { LocalHost } from '../../src/host/local.ts';
import { runOk } from '../../src/host/run.ts';
import {
  algorithmLists,
  algorithmOptions,
  type AlgorithmLists,
  readAlgorithmLists,
} from '../../src/host/ssh-algorithm-lists.ts';
import { algorithms } from '../../src/host/ssh-algorithms.ts';
import { parseSettings, readSshSettings } from '../../src/host/ssh-config.ts';
import { reasonByAlgorithms } from '../../src/host/transport.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-lists-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const here = new LocalHost({ label: 'here', env: { PATH: process.env['PATH'] ?? '', HOME: userInfo().homedir } });
/** Where no ssh is to be found. */
const bare = new LocalHost({ label: 'here', env: { PATH: '/nonexistent', HOME: userInfo().homedir } });

/** The lists of a configuration with these lines, as this machine reads them. */
async function listsOf(lines: readonly string[], by = here): Promise<AlgorithmLists> {
  const configFile = join(folder, 'config');
  writeFileSync(configFile, lines.join('\n') + '\n');
  const query = { host: 'old', user: null, port: null, identities: [], configFile, jump: null, options: [] };
  const account = { user: userInfo().username, uid: userInfo().uid, cwd: '/', home: folder, env: {} };
  return readAlgorithmLists(await readSshSettings(by, { ...query, family: null }, { account }), by);
}

/** What `ssh` makes of the options that it is given for these lines. */
async function saidBySsh(lines: readonly string[], certificates = true): Promise<Map<string, string[]>> {
  const options = algorithmOptions(await listsOf(lines), { certificates }).flatMap((each) => ['-o', each]);
  const { stdout } = await runOk(here, ['ssh', '-G', ...options, '-F', join(folder, 'config'), '--', 'old']);
  return parseSettings(stdout.toString());
}

const VALUES: readonly string[] = [
  'KexAlgorithms diffie-hellman-group16-sha512,curve25519-sha256',
  'KexAlgorithms -curve25519*,ecdh-*',
  'KexAlgorithms +diffie-hellman-group14-sha1',
  'KexAlgorithms ^diffie-hellman-group18-sha512,diffie-hellman-group1-sha1',
  'Ciphers aes256-ctr,aes256-cbc,aes128-gcm@openssh.com',
  'Ciphers -*gcm*',
  'MACs ^hmac-sha2-512',
  'MACs -*-etm@openssh.com,hmac-sha2-512',
  'HostKeyAlgorithms rsa-sha2-512,ssh-ed25519',
  'HostKeyAlgorithms -ecdsa-sha2-nistp???',
  'HostKeyAlgorithms +ssh-rsa',
  'HostKeyAlgorithms ecdsa-*-nistp256',
  'PubkeyAcceptedAlgorithms ssh-ed25519,ssh-dss',
  'PubkeyAcceptedKeyTypes -rsa*,ssh-ed25519',
];

describe('the algorithms of a configuration', () => {
  it('are none where it says nothing, and where it only adds weak ones', async () => {
    expect(await listsOf([])).toEqual({});
    expect(await listsOf(['HostKeyAlgorithms +ssh-rsa', 'Ciphers +aes256-cbc', 'MACs -hmac-sha1*'])).toEqual({});
  });

  it.each(VALUES)('are the same with and without an ssh to ask: %s', async (line) => {
    const [asked, read] = [await listsOf([line]), await listsOf([line], bare)];
    const known = new Set(['ssh-rsa']);
    // ssh's own ciphers come in another order, which is no wish of the user.
    const offer = (lists: AlgorithmLists): object => {
      const { cipher, ...rest } = algorithms(known, lists);
      const sorts = /^Ciphers -/.test(line) && Array.isArray(cipher);
      return { ...rest, cipher: sorts ? cipher.toSorted() : cipher };
    };
    expect(offer(read)).toEqual(offer(asked));
  });

  it.each(VALUES)('are what ssh is told, without the weak ones: %s', async (line) => {
    const [keyword = ''] = line.split(' ');
    const name = keyword.toLowerCase().replace('keytypes', 'algorithms');
    const said = (await saidBySsh([line])).get(name)?.[0]?.split(',') ?? [];
    const wished = parseSettings(
      (await runOk(here, ['ssh', '-G', '-F', join(folder, 'config'), 'old'])).stdout.toString(),
    );
    const weak = /sha1|cbc|md5|umac-64|ssh-rsa|ssh-dss/;
    expect(said).toEqual(
      wished
        .get(name)?.[0]
        ?.split(',')
        .filter((one) => !weak.test(one)),
    );
  });

  it('leave out certificates of hosts where the key itself is pinned, and keep the wished order', async () => {
    const wished = ['HostKeyAlgorithms rsa-sha2-512,ssh-ed25519-cert-v01@openssh.com,ssh-ed25519'];
    expect((await saidBySsh(wished, false)).get('hostkeyalgorithms')).toEqual(['rsa-sha2-512,ssh-ed25519']);
    expect((await saidBySsh([], false)).get('hostkeyalgorithms')?.[0]).not.toContain('-cert-');
    expect((await saidBySsh(['HostKeyAlgorithms -ssh-ed25519'], false)).get('hostkeyalgorithms')?.[0]).toBe(
      'ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256',
    );
  });

  it.each([
    ['KexAlgorithms', 'sntrup761x25519-sha512@openssh.com'],
    ['Ciphers', 'chacha20-poly1305@openssh.com,aes256-cbc'],
    ['MACs', 'umac-128@openssh.com'],
    ['HostKeyAlgorithms', 'ssh-ed25519-cert-v01@openssh.com'],
    ['PubkeyAcceptedAlgorithms', 'sk-ssh-ed25519@openssh.com'],
  ])('are a reason for OpenSSH where ssh2 has none of them: %s %s', async (keyword, names) => {
    const [first = ''] = names.split(',');
    expect(reasonByAlgorithms(await listsOf([`${keyword} ${names}`]))).toBe(
      `ssh2 has none of the algorithms that are configured (${keyword} ${first})`,
    );
  });

  it.each(VALUES)('are no reason for OpenSSH where ssh2 has one: %s', async (line) => {
    expect(reasonByAlgorithms(await listsOf([line]))).toBeNull();
  });

  // F124
  it('of any text are safe ones, or refused, and never more', () => {
    const keyword = fc.constantFrom(
      'kexalgorithms',
      'ciphers',
      'macs',
      'hostkeyalgorithms',
      'pubkeyacceptedalgorithms',
    );
    const name = fc.oneof(
      fc.constantFrom(
        'aes256-ctr',
        'aes256-cbc',
        'hmac-sha1',
        'hmac-sha2-512',
        'ssh-rsa',
        'rsa-sha2-*',
        '*',
        '(',
        '[a',
        '\\',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const value = fc
      .tuple(fc.constantFrom('', '+', '-', '^'), fc.array(name))
      .map(([sign, names]) => sign + names.join());
    fc.assert(
      fc.property(keyword, value, fc.array(name).map(String), (key, text, own) => {
        const outcome = ((): unknown => {
          try {
            return algorithmLists(new Map([[key, [text]]]), new Map([[key, [own]]]));
          } catch (error) {
            return error;
          }
        })();
        if (outcome instanceof ProblemError) expect(outcome.problem.code).toBe('option-invalid');
        else expect(JSON.stringify(algorithms(new Set(), outcome as AlgorithmLists))).not.toMatch(/cbc|sha1|"ssh-rsa"/);
      }),
      { numRuns: 5000 },
    );
  });
});
