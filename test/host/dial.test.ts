import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import type { Problem } from '../../src/core/problem.ts';
import { runOk } from '../../src/host/run.ts';
import { dialBy as dialByFile, type Dialling } from '../kit/dial-by.ts';
import { freePort } from '../kit/ports.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { startAgent } from '../kit/ssh-agent.ts';
import { makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { canMakeUsers, makeUser } from '../kit/throwaway-user.ts';

let folder: string;
let jump: Sshd;
let old: Sshd;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-dial-'));
  const ca = makeKey(folder, 'ca');
  [jump, old] = await Promise.all([startSshd(), startSshd({ config: [`TrustedUserCAKeys ${ca.path}.pub`] })]);
});
afterAll(async () => {
  await Promise.all([jump.stop(), old.stop()]);
  rmSync(folder, { recursive: true });
});

const told: string[] = [];

/** Dials `old` by a config of these lines, with nobody to ask unless somebody is named. */
function dialBy(config: string, dialling: Dialling = {}): Promise<Host> {
  const configFile = join(folder, 'config');
  writeFileSync(configFile, config);
  told.length = 0;
  return dialByFile(configFile, { ...dialling, told });
}

const block = (name: string, server: Sshd, more = ''): string =>
  `Host ${name}\n  HostName 127.0.0.1\n  Port ${String(server.port)}\n  IdentityFile ${server.identity.path}\n${more}`;

describe.each(['ssh2', 'openssh'] as const)('by %s, a jump host', (transport) => {
  it('whose key is unknown is refused, whatever the configuration says, and nothing is remembered', async () => {
    const known = join(folder, `known-${transport}`);
    writeFileSync(known, readFileSync(old.knownHosts));
    const config = `${block('old', old, '  ProxyJump jump\n')}${block('jump', jump, '  StrictHostKeyChecking no\n')}Host *\n  UserKnownHostsFile ${known}\n`;
    const problem = await problemFrom(dialBy(config, { transport }));
    expect(problem).toMatchObject({ code: 'host-key-unknown' });
    expect(readFileSync(known, 'utf8')).toBe(readFileSync(old.knownHosts, 'utf8'));
    expect(existsSync(`${known}.old`)).toBe(false);
  });

  it('is looked up in the one file that was named', async () => {
    const named = join(folder, `named-${transport}`);
    writeFileSync(named, readFileSync(old.knownHosts, 'utf8') + readFileSync(jump.knownHosts, 'utf8'));
    const nowhere = 'Host *\n  UserKnownHostsFile /nonexistent\n';
    const config = `${block('old', old, '  ProxyJump jump,again\n')}${block('jump', jump)}${block('again', jump)}${nowhere}`;
    const host = await dialBy(config, { transport, knownHosts: named });
    expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
    await host.close();
  });
});

describe.each(['ssh2', 'openssh'] as const)('by %s, of two jump hosts', (transport) => {
  let second: Sshd;
  let known: string;
  beforeAll(async () => {
    second = await startSshd();
    known = [jump, old].map((server) => readFileSync(server.knownHosts, 'utf8')).join('');
  });
  afterAll(() => second.stop());

  /** Through `jump` and a second one, whose block and known keys are given. */
  const problemBy = (secondBlock: string, knownKeys: string): Promise<Problem> => {
    const file = join(folder, 'two-hops');
    writeFileSync(file, knownKeys);
    const config = `${block('old', old, '  ProxyJump jump,second\n')}${block('jump', jump)}${secondBlock}Host *\n  UserKnownHostsFile ${file}\n`;
    return problemFrom(dialBy(config, { transport }));
  };
  const at = (port: number): string => `On the way, at the jump host 127.0.0.1:${String(port)}: `;
  const keyOf = (server: Sshd, line: string): string => `[127.0.0.1]:${String(server.port)} ${line}\n`;

  it('the second is named when its key is unknown, or another, or revoked', async () => {
    const shown = second.hostKeys[0]?.publicLine ?? '';
    const cases = [
      ['host-key-unknown', ''],
      ['host-key-changed', keyOf(second, makeKey(folder, `other-${transport}`).publicLine)],
      ['host-key-revoked', `@revoked * ${shown}\n${keyOf(second, shown)}`],
    ] as const;
    for (const [code, line] of cases) {
      const problem = await problemBy(block('second', second), known + line);
      expect(problem).toMatchObject({ code, message: expect.stringContaining(at(second.port)) as string });
    }
    expect(second.log()).not.toMatch(/Accepted|Failed|userauth/);
  });

  it('the second is named when it lets nobody in', async () => {
    const stranger = { ...second, identity: makeKey(folder, `stranger-${transport}`) };
    const problem = await problemBy(block('second', stranger), known + readFileSync(second.knownHosts, 'utf8'));
    expect(problem).toMatchObject({ code: 'auth-failed', message: expect.stringContaining(at(second.port)) as string });
  });

  it('the first is named when it does not lead on to the second', async () => {
    const port = await freePort();
    const problem = await problemBy(block('second', { ...second, port }), known);
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain(at(jump.port));
    expect(problem.message.toLowerCase()).toContain('it does not lead on to');
  });

  it('neither is named when it is the machine behind them that lets nobody in', async () => {
    const stranger = { ...old, identity: makeKey(folder, `nobody-${transport}`) };
    const config = `${block('old', stranger, '  ProxyJump jump,second\n')}${block('jump', jump)}${block('second', second)}Host *\n`;
    const file = join(folder, 'three-known');
    writeFileSync(file, known + readFileSync(second.knownHosts, 'utf8'));
    const problem = await problemFrom(dialBy(config, { transport, knownHosts: file }));
    expect(problem).toMatchObject({ code: 'auth-failed' });
    expect(problem.message).not.toContain('On the way');
  });
});

it.runIf(canMakeUsers)('a password does not go to a jump host that is called as the machine itself', async () => {
  const user = makeUser({ password: 'canary-password' });
  const asking = await startSshd({ passwords: true, ownHomes: true });
  try {
    const known = join(folder, 'namesakes');
    writeFileSync(known, readFileSync(old.knownHosts, 'utf8') + readFileSync(asking.knownHosts, 'utf8'));
    const place = (server: Sshd): string =>
      `  HostName 127.0.0.1\n  Port ${String(server.port)}\n  User ${user.name}\n`;
    const config = `Host old\n${place(old)}  ProxyJump asking\nHost asking\n${place(asking)}Host *\n  UserKnownHostsFile ${known}\n  IdentityFile /nonexistent\n`;
    for (const transport of ['ssh2', 'openssh'] as const) {
      const problem = await problemFrom(dialBy(config, { transport, password: 'canary-password' }));
      expect(problem.code).toMatch(/^(?:auth-failed|host-unreachable)$/);
    }
    expect(asking.log()).not.toContain('Accepted password');
  } finally {
    await asking.stop();
    user.remove();
  }
});

it.runIf(canMakeUsers).each(['ssh2', 'openssh'] as const)(
  'by %s, a password is given to a machine that is known by another name (HostKeyAlias)',
  async (transport) => {
    const user = makeUser({ password: 'canary-password' });
    const asking = await startSshd({ passwords: true, ownHomes: true });
    try {
      // ssh would take the blank for the end of a name, and fill in the percent sign.
      const known = join(folder, `aliased by 100%d ${transport}`);
      writeFileSync(known, asking.hostKeys.map(({ publicLine }) => `the-old-one ${publicLine}\n`).join(''));
      const config = `Host old\n  HostName 127.0.0.1\n  Port ${String(asking.port)}\n  User ${user.name}\n  HostKeyAlias the-old-one\n  IdentityFile /nonexistent\n`;
      const host = await dialBy(config, { transport, password: 'canary-password', knownHosts: known });
      expect((await runOk(host, ['id', '-un'])).stdout.toString()).toBe(`${user.name}\n`);
      await host.close();
    } finally {
      await asking.stop();
      user.remove();
    }
  },
);

describe('what ssh2 cannot', () => {
  it('is left to OpenSSH: a certificate that only the agent holds', async () => {
    const agent = await startAgent();
    try {
      const key = makeKey(folder, 'certified');
      const ca = join(folder, 'ca');
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'me', '-n', userInfo().username, `${key.path}.pub`]);
      agent.add(key.path);
      rmSync(key.path);
      rmSync(`${key.path}-cert.pub`);
      const way = `Host old\n  HostName 127.0.0.1\n  Port ${String(old.port)}\n  IdentityAgent ${agent.socket}\n`;
      const host = await dialBy(`${way}  UserKnownHostsFile ${old.knownHosts}\n`);
      expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
      expect(told).toEqual(['OpenSSH is used, for the ssh-agent holds a certificate.']);
      await host.close();
    } finally {
      await agent.stop();
    }
  });

  it.each([
    ['Ciphers', 'chacha20-poly1305@openssh.com'],
    ['KexAlgorithms', 'sntrup761x25519-sha512@openssh.com'],
    ['MACs', 'umac-128@openssh.com'],
  ])('is left to OpenSSH, which is told once: %s %s', async (keyword, names) => {
    const way = block('old', old, `  UserKnownHostsFile ${old.knownHosts}\n  ${keyword} ${names}\n`);
    const host = await dialBy(way);
    expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
    await host.close();
    const reason = `ssh2 has none of the algorithms that are configured (${keyword} ${names})`;
    expect(told).toEqual([`OpenSSH is used, for ${reason}.`]);
    expect(await problemFrom(dialBy(way, { transport: 'ssh2' }))).toMatchObject({ code: 'transport-unfit' });
  });

  it.each([
    ['PKCS8', ['-m', 'PKCS8', '-t', 'rsa', '-b', '2048', '-N', '']],
    ['encryption by chacha20', ['-Z', 'chacha20-poly1305@openssh.com', '-t', 'ed25519', '-N', 'open sesame']],
  ])('is left to OpenSSH: a key file with %s', async (name, how) => {
    const path = join(folder, `key-${name.replaceAll(' ', '-')}`);
    execFileSync('ssh-keygen', ['-q', '-C', '', '-f', path, ...how]);
    old.authorize(readFileSync(`${path}.pub`, 'latin1').trim());
    const way = `Host old\n  HostName 127.0.0.1\n  Port ${String(old.port)}\n  IdentityFile ${path}\n`;
    const host = await dialBy(`${way}  UserKnownHostsFile ${old.knownHosts}\n`, { passphrase: 'open sesame' });
    expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
    expect(told).toHaveLength(1);
    await host.close();
  });

  it('is left to OpenSSH without asking again for what was answered: the key of the machine, and a passphrase', async () => {
    const server = await startSshd({ config: ['AuthenticationMethods publickey,publickey'] });
    try {
      const locked = makeKey(folder, 'locked', { passphrase: 'open sesame' });
      const foreign = join(folder, 'foreign');
      const form = ['-m', 'PKCS8', '-t', 'rsa', '-b', '2048', '-N', ''];
      execFileSync('ssh-keygen', ['-q', '-C', '', '-f', foreign, ...form]);
      server.authorize(locked.publicLine);
      server.authorize(readFileSync(`${foreign}.pub`, 'latin1').trim());
      const way = `Host old\n  HostName 127.0.0.1\n  Port ${String(server.port)}\n  IdentityFile ${locked.path}\n  IdentityFile ${foreign}\n`;
      const ask = new ScriptedAsk(true, 'open sesame');
      const host = await dialBy(`${way}  UserKnownHostsFile ${join(folder, 'asked-once')}\n`, { ask });
      expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
      expect(told).toEqual(['OpenSSH is tried, for a key file is in a form that only OpenSSH reads.']);
      expect(ask.questions).toHaveLength(2);
      await host.close();
    } finally {
      await server.stop();
    }
  });

  it.runIf(canMakeUsers).each([
    ['password,publickey', ['canary-password']],
    ['publickey password', ['typo', 'typo', 'typo']],
  ])(
    'is left to OpenSSH where the machine wants %s, and a password is sent again only if it was taken',
    async (methods, typed) => {
      const user = makeUser({ password: 'canary-password' });
      const server = await startSshd({ passwords: true, ownHomes: true, config: [`AuthenticationMethods ${methods}`] });
      try {
        const foreign = join(folder, `foreign-${String(typed.length)}`);
        const form = ['-m', 'PKCS8', '-t', 'rsa', '-b', '2048', '-N', ''];
        execFileSync('ssh-keygen', ['-q', '-C', '', '-f', foreign, ...form]);
        server.authorize(readFileSync(`${foreign}.pub`, 'latin1').trim());
        const way = `Host old\n  HostName 127.0.0.1\n  Port ${String(server.port)}\n  User ${user.name}\n  IdentityFile ${foreign}\n`;
        const ask = new ScriptedAsk(...typed);
        const host = await dialBy(`${way}  UserKnownHostsFile ${server.knownHosts}\n`, { ask });
        expect((await runOk(host, ['id', '-un'])).stdout.toString()).toBe(`${user.name}\n`);
        expect(ask.questions).toEqual(typed.map(() => `Password for ${user.name}@127.0.0.1`));
        await host.close();
      } finally {
        await server.stop();
        user.remove();
      }
    },
  );

  it('is left to OpenSSH: a host certificate, also where an old key is still listed', async () => {
    const ca = makeKey(folder, 'host-ca');
    const key = makeKey(folder, 'host-key');
    execFileSync('ssh-keygen', ['-q', '-s', ca.path, '-I', 'host', '-h', '-n', '127.0.0.1', `${key.path}.pub`]);
    const server = await startSshd({ serve: [key], config: [`HostCertificate ${key.path}-cert.pub`] });
    try {
      const known = join(folder, 'by-authority');
      const stale = `[127.0.0.1]:${String(server.port)} ${makeKey(folder, 'stale').publicLine}\n`;
      writeFileSync(known, `@cert-authority 127.0.0.* ${ca.publicLine}\n${stale}`);
      const host = await dialBy(`${block('old', server)}  UserKnownHostsFile ${known}\n`);
      expect((await runOk(host, ['echo', 'here'])).stdout.toString()).toBe('here\n');
      expect(told).toEqual(['OpenSSH is used, for the machine is known by its host certificate (@cert-authority).']);
      await host.close();
    } finally {
      await server.stop();
    }
  });
});
