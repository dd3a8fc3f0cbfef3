import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { LocalHost } from '../../src/host/local.ts';
import { parseSettings, settingsOf } from '../../src/host/ssh-config.ts';
import { reasonAfterFailure, reasonForOpenSsh } from '../../src/host/transport.ts';
import { makeKey } from '../kit/ssh-keys.ts';

let folder: string;
const here = new LocalHost({ label: 'here', env: { PATH: process.env['PATH'] ?? '' }, cwd: '/' });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-transport-'));
  const ca = makeKey(folder, 'ca');
  makeKey(folder, 'plain');
  const certified = makeKey(folder, 'certified');
  execFileSync('ssh-keygen', ['-q', '-s', ca.path, '-I', 'me', '-n', 'al', `${certified.path}.pub`]);
  writeFileSync(join(folder, 'id_ed25519_sk'), 'a handle to a key on a device\n');
  writeFileSync(join(folder, 'id_ed25519_sk.pub'), 'sk-ssh-ed25519@openssh.com AAAA al@laptop\n');
  writeFileSync(join(folder, 'alone_sk'), deviceKey(), { mode: 0o600 });
  writeFileSync(join(folder, 'lost_sk.pub'), 'sk-ecdsa-sha2-nistp256@openssh.com AAAA\n');
  const line = `old.example ${ca.publicLine}\n`;
  writeFileSync(join(folder, 'authority'), `@cert-authority *.example ${ca.publicLine}\n`);
  writeFileSync(join(folder, 'both'), `@cert-authority *.example ${ca.publicLine}\n${line}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The private file of a FIDO key as ssh-keygen writes it, its handle being one of no device; there is none here to make one with. */
function deviceKey(): string {
  const field = (value: string | Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const type = field('sk-ssh-ed25519@openssh.com');
  const [point, application] = [field(Buffer.alloc(32, 7)), field('ssh:')];
  const secret = Buffer.concat([
    ...[Buffer.alloc(8, 1), type, point, application, Buffer.from([1])],
    ...[field('handle'), field(''), field('al@laptop')],
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const body = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), field('none'), field('none'), field(''), Buffer.from([0, 0, 0, 1])],
    ...[field(Buffer.concat([type, point, application])), field(Buffer.concat([secret, padding]))],
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

/** The reason for settings as `ssh -G` prints them, with `knownHosts` of that name. */
async function reasonFor(
  lines: readonly string[],
  knownHosts = 'none',
  pin: string | null = null,
): Promise<string | null> {
  const query = {
    host: 'old.example',
    user: 'al',
    port: 22,
    identities: [],
    configFile: null,
    jump: null,
    options: [],
    family: null,
  };
  const settings = settingsOf(parseSettings(lines.join('\n')), query, {
    user: 'al',
    uid: 1000,
    cwd: '/',
    home: folder,
    env: {},
  });
  const sources = { host: 'old.example', port: 22, knownHosts: [join(folder, knownHosts)], hostKeyPin: pin };
  return reasonForOpenSsh(settings, sources, here);
}

it('an agent that does not answer is not waited for when nobody wants to know any more', async () => {
  const stop = new AbortController();
  const reason = new Error('no longer wanted');
  const mute = createServer(() => stop.abort(reason)).listen(join(folder, 'mute'));
  await once(mute, 'listening');
  const query = { host: 'old.example', user: 'al', port: 22, identities: [], configFile: null, jump: null };
  const account = { user: 'al', uid: 1000, cwd: '/', home: folder, env: { SSH_AUTH_SOCK: join(folder, 'mute') } };
  const settings = settingsOf(parseSettings(''), { ...query, options: [], family: null }, account);
  const sources = { host: 'old.example', port: 22, knownHosts: [], hostKeyPin: null, signal: stop.signal };
  await expect(reasonForOpenSsh(settings, sources, here)).rejects.toBe(reason);
  mute.close();
});

describe('OpenSSH is used', () => {
  it.each<[string, readonly string[], string]>([
    ['a certificate beside the key', ['identityfile ~/certified'], 'has a certificate'],
    ['a certificate that is configured', ['certificatefile ~/other-cert.pub'], 'CertificateFile'],
    ['a key on a security device', ['identityfile ~/id_ed25519_sk'], 'is on a security device'],
    ['keys on a token', ['pkcs11provider /usr/lib/opensc-pkcs11.so'], 'PKCS11Provider'],
    ['host keys that a program knows', ['knownhostscommand /usr/bin/known %H'], 'KnownHostsCommand'],
    ['host keys that were revoked', ['revokedhostkeys /etc/ssh/revoked'], 'RevokedHostKeys'],
    ['an address to begin at', ['bindaddress 10.0.0.2'], 'BindAddress'],
    ['an order of methods', ['preferredauthentications password'], 'PreferredAuthentications'],
    ['a method that is switched off', ['pubkeyauthentication false'], 'pubkeyauthentication'],
    ['a proxy that hands over its line', ['proxyusefdpass yes'], 'ProxyUseFdpass'],
  ])('for %s', async (_what, lines, words) => {
    expect(await reasonFor(lines)).toContain(words);
  });

  it('for a key on a security device of which only the private file is there, as ssh-keygen reads it', async () => {
    const listed = execFileSync('ssh-keygen', ['-lf', join(folder, 'alone_sk')], { encoding: 'latin1' });
    expect(listed).toContain('(ED25519-SK)');
    expect(await reasonFor(['identityfile ~/alone_sk'])).toBe(
      `the key ${join(folder, 'alone_sk')} is on a security device`,
    );
  });

  it('for a machine that a certificate authority vouches for, whatever else is known of it', async () => {
    expect(await reasonFor([], 'authority')).toContain('@cert-authority');
    expect(await reasonFor([], 'both')).toContain('@cert-authority');
  });

  it.each(['gssapi-with-mic', 'hostbased'])('after a refusal by a machine that takes %s', (method) => {
    const refused = fail('auth-failed', {
      message: '',
      hint: '',
      detail: { tried: [], accepts: ['publickey', method] },
    });
    expect(reasonAfterFailure(refused)).toBe(`the machine takes ${method}`);
  });

  it('after a handshake that found no algorithm in common', () => {
    expect(reasonAfterFailure(fail('handshake-failed', { message: '', hint: '' }))).toContain('algorithms');
  });
});

describe('ssh2 stays', () => {
  it('with plain keys, with a device key whose handle is not there, and with words that mean no', async () => {
    const none = [
      'passwordauthentication yes',
      'pubkeyauthentication true',
      'pkcs11provider none',
      'proxyusefdpass no',
      'gssapiauthentication yes',
    ];
    expect(
      await reasonFor(['identityfile ~/plain', 'identityfile ~/lost_sk', 'identityfile ~/none', ...none]),
    ).toBeNull();
  });

  it('with a machine whose key is pinned', async () => {
    expect(await reasonFor([], 'authority', 'SHA256:pin')).toBeNull();
  });

  it.each([
    fail('auth-failed', { message: '', hint: '', detail: { tried: [], accepts: ['publickey', 'password'] } }),
    fail('host-key-changed', { message: '', hint: '' }),
    fail('host-unreachable', { message: '', hint: '' }),
    new Error('anything else'),
  ])('after %s, which OpenSSH would not mend', (error) => {
    expect(reasonAfterFailure(error)).toBeNull();
  });
});
