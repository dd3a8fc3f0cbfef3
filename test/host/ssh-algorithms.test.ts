import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOk } from '../../src/host/run.ts';
import { dialBy } from '../kit/dial-by.ts';
import { eavesdrop, ignored, kexInit, type Offer } from '../kit/eavesdropper.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { type KeyPair, makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';

let folder: string;
let old: Sshd;
let rsa: KeyPair;
let ear: Awaited<ReturnType<typeof eavesdrop>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-algorithms-'));
  rsa = makeKey(folder, 'rsa', { type: 'rsa' });
  old = await startSshd({ hostKeys: ['ed25519', 'rsa'], config: ['LogLevel DEBUG1'] });
  old.authorize(rsa.publicLine);
  ear = await eavesdrop();
});
afterAll(async () => {
  await Promise.all([old.stop(), ear.close()]);
  rmSync(folder, { recursive: true });
});

/** A block of an SSH configuration, with these lines more. */
const block = (name: string, port: number, ...more: string[]): string =>
  [`Host ${name}`, 'HostName 127.0.0.1', `Port ${String(port)}`, ...more].join('\n  ') + '\n';

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** The types of key by which the eavesdropper is known. */
const knownBy = (...types: KeyPair['type'][]): string => {
  const lines = types.map((type) => {
    const { publicLine } = old.hostKeys.find((key) => key.type === type) ?? { publicLine: '' };
    return `[127.0.0.1]:${String(ear.port)} ${publicLine}\n`;
  });
  return write(`known-${types.join('-')}`, lines.join(''));
};

describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  /** What is offered to a machine whose configuration has these lines. */
  async function offered(...lines: string[]): Promise<Offer> {
    const before = ear.offers.length;
    const config = write(`offer-${transport}`, block('old', ear.port, ...lines));
    await problemFrom(dialBy(config, { transport }));
    expect(ear.offers).toHaveLength(before + 1);
    return ear.offers.at(-1) as Offer;
  }

  it('the algorithms that the configuration names are those that the old machine talks in', async () => {
    const before = old.log().length;
    const lines = ['Ciphers aes256-ctr', 'MACs hmac-sha2-512', 'HostKeyAlgorithms rsa-sha2-512'];
    const more = ['KexAlgorithms diffie-hellman-group16-sha512', `IdentityFile ${old.identity.path}`, ...lines];
    const known = `UserKnownHostsFile ${old.knownHosts}`;
    const host = await dialBy(write(`named-${transport}`, block('old', old.port, known, ...more)), { transport });
    expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
    await host.close();
    const said = old.log().slice(before);
    expect(said).toContain('kex: algorithm: diffie-hellman-group16-sha512');
    expect(said).toContain('kex: host key algorithm: rsa-sha2-512');
    for (const way of ['client->server', 'server->client'])
      expect(said).toContain(`kex: ${way} cipher: aes256-ctr MAC: hmac-sha2-512 compression: none`);
  });

  it.each(['rsa-sha2-256', 'rsa-sha2-512'])('keys sign by %s only, where only that is accepted', async (name) => {
    const before = old.log().length;
    const keys = [`IdentityFile ${old.identity.path}`, `IdentityFile ${rsa.path}`];
    const lines = [...keys, `UserKnownHostsFile ${old.knownHosts}`, `PubkeyAcceptedAlgorithms ${name}`];
    const host = await dialBy(write(`signed-${transport}`, block('old', old.port, ...lines)), { transport });
    await host.close();
    const tried = old
      .log()
      .slice(before)
      .matchAll(/publickey test pkalg (\S+) /g);
    expect([...new Set([...tried].map(([, algorithm]) => algorithm))]).toEqual([name]);
  });

  // F33, F34
  it.each([
    ['nothing', []],
    [
      'much that is weak',
      [
        'KexAlgorithms +diffie-hellman-group14-sha1,diffie-hellman-group1-sha1',
        'Ciphers +3des-cbc,aes256-cbc',
        'MACs ^hmac-md5,hmac-sha1,hmac-sha1-96',
        'HostKeyAlgorithms ^ssh-rsa,ssh-dss',
        'Compression yes',
      ],
    ],
    ['weak ones beside a safe one', ['Ciphers aes128-cbc,aes256-ctr', 'MACs hmac-sha1,hmac-sha2-256']],
  ])('a configuration that asks for %s offers nothing weak on the wire', async (_what, lines) => {
    const { kex, hostKeys, ciphers, macs, compression } = await offered(...lines);
    expect(kex.filter((name) => /sha1$|group1-/.test(name))).toEqual([]);
    expect(hostKeys.filter((name) => /^ssh-(?:rsa|dss)/.test(name))).toEqual([]);
    expect(ciphers.filter((name) => /cbc|arcfour|^none$/.test(name))).toEqual([]);
    expect(macs.filter((name) => /sha1|md5|umac-64|^none$/.test(name))).toEqual([]);
    // OpenSSH always has the others behind it, for servers that know nothing else.
    expect(compression.slice(0, transport === 'ssh2' ? undefined : 1)).toEqual(['none']);
    for (const list of [kex, hostKeys, ciphers, macs]) expect(list.length).toBeGreaterThan(0);
    if (transport === 'ssh2') expect(ciphers.filter((name) => name.includes('chacha20'))).toEqual([]);
  });

  it('an order of host keys is kept, whatever is known, where the configuration has one', async () => {
    const known = `UserKnownHostsFile ${knownBy('rsa')}`;
    const { hostKeys } = await offered(known, 'HostKeyAlgorithms ssh-ed25519,rsa-sha2-256,rsa-sha2-512');
    expect(hostKeys).toEqual(['ssh-ed25519', 'rsa-sha2-256', 'rsa-sha2-512']);
  });

  it.each([
    ['says nothing of host keys', []],
    ['takes some out', ['HostKeyAlgorithms -ecdsa-sha2-*,ssh-ed25519-cert-*']],
  ])('those that are known go first where the configuration %s', async (_what, lines) => {
    const { hostKeys } = await offered(`UserKnownHostsFile ${knownBy('rsa')}`, ...lines);
    const plain = hostKeys.filter((name) => /^(?:ssh-ed25519|rsa-sha2-\d+)$/.test(name));
    expect(plain).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519']);
    if (lines.length > 0) expect(hostKeys.filter((name) => name.startsWith('ecdsa-sha2-nistp'))).toEqual([]);
  });

  it('what is typed counts before what the file says', async () => {
    const config = write(`typed-${transport}`, block('old', ear.port, 'Ciphers aes128-ctr'));
    await problemFrom(dialBy(config, { transport, options: ['Ciphers=aes192-ctr,aes256-cbc'] }));
    expect(ear.offers.at(-1)?.ciphers).toEqual(['aes192-ctr']);
  });

  it('a jump host is offered what its own block says, and nothing weak', async () => {
    const weak = ['KexAlgorithms diffie-hellman-group1-sha1,ecdh-sha2-nistp384', 'Ciphers aes256-ctr,3des-cbc'];
    const before = ear.offers.length;
    const config = block('old', 9, 'ProxyJump between', 'Ciphers aes128-ctr') + block('between', ear.port, ...weak);
    await problemFrom(dialBy(write(`hop-${transport}`, config), { transport }));
    expect(ear.offers).toHaveLength(before + 1);
    const { kex, ciphers, macs } = ear.offers.at(-1) as Offer;
    expect(kex.filter((name) => !/^(?:ext-info|kex-strict)-c/.test(name))).toEqual(['ecdh-sha2-nistp384']);
    expect(ciphers).toEqual(['aes256-ctr']);
    expect(macs.filter((name) => name.includes('sha1'))).toEqual([]);
  });

  it.each([
    ['KexAlgorithms', 'diffie-hellman-group14-sha1'],
    ['Ciphers', 'aes256-cbc,3des-cbc'],
    ['MACs', 'hmac-sha1,hmac-md5'],
    ['HostKeyAlgorithms', 'ssh-rsa'],
    ['PubkeyAcceptedAlgorithms', 'ssh-rsa'],
  ])('%s that leave nothing but %s are refused by name, and nothing is reached (F33)', async (keyword, names) => {
    const before = ear.offers.length;
    const config = write(`weak-${transport}`, block('old', ear.port, `${keyword} ${names}`));
    const problem = await problemFrom(dialBy(config, { transport }));
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain(`${keyword} of the SSH configuration`);
    expect(problem.message).toContain(names);
    expect(ear.offers).toHaveLength(before);
  });

  // F34
  it('kex-strict-c-v00@openssh.com is offered, and a server that has it may send nothing before its KEXINIT', async () => {
    const [ours, strict] = ['curve25519-sha256', 'kex-strict-s-v00@openssh.com'];
    expect((await offered()).kex).toContain('kex-strict-c-v00@openssh.com');
    const loose = await eavesdrop([ignored(), kexInit(ours)]);
    const tight = await eavesdrop([ignored(), kexInit(ours, strict)]);
    const problems = [loose, tight].map(({ port }, index) =>
      problemFrom(dialBy(write(`strict-${transport}-${String(index)}`, block('old', port)), { transport })),
    );
    const [, broken] = await Promise.all(problems);
    await Promise.all([loose.close(), tight.close()]);
    expect(broken).toMatchObject({ code: 'handshake-failed' });
    expect(broken?.message).toContain('strict KEX');
    // SSH_MSG_KEX_ECDH_INIT goes on with the exchange, SSH_MSG_DISCONNECT ends it.
    expect([loose.followed, tight.followed]).toEqual([[30], [1]]);
  });
});
