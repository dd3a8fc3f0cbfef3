import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { type Agent, startAgent } from '../kit/ssh-agent.ts';
import { type KeyPair, type KeyType, makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, type SshdOptions, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { canMakeUsers, makeUser, type ThrowawayUser } from '../kit/throwaway-user.ts';
import { makeTotp, type Totp } from '../kit/totp.ts';

const SECRET = 'canary pässword $(id)';
const PASSPHRASE = 'canary passphrase';

let folder = '';
let count = 0;
let server: Sshd | null = null;
let agent: Agent | null = null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-factors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await server?.stop();
  await agent?.stop();
  [server, agent] = [null, null];
});

/** A real sshd that wants these methods one after the other. */
async function wants(methods: string | null, options: SshdOptions = {}): Promise<Sshd> {
  const config = [...(options.config ?? []), ...(methods === null ? [] : [`AuthenticationMethods ${methods}`])];
  server = await startSshd({ ...options, config });
  return server;
}

function key(options: { type?: KeyType; passphrase?: string; letIn?: boolean } = {}): KeyPair {
  count += 1;
  const home = join(folder, String(count));
  mkdirSync(home);
  const made = makeKey(home, 'key', options);
  if (options.letIn !== false) server?.authorize(made.publicLine);
  return made;
}

async function connect(options: Partial<SshOptions>): Promise<SshHost> {
  if (!server) throw new Error('no server');
  const host = await SshHost.connect(sshOptions(server, { identities: [], ...options }));
  expect((await run(host, ['echo', 'in'])).stdout.toString()).toBe('in\n');
  return host;
}

async function login(options: Partial<SshOptions>): Promise<void> {
  await (await connect(options)).close();
}

describe('two keys, one after the other', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'] as const)('are given to a server that wants both (%s)', async (type) => {
    await wants('publickey,publickey');
    const [one, strange, two] = [key({ type }), key({ type, letIn: false }), key({ type })];
    await login({ identities: [strange.path, one.path, two.path] });
    const signed = [...(server?.log() ?? '').matchAll(/(?:Accepted|Partial) publickey for \S+ .*ssh2: (\S+)/g)];
    expect(signed).toHaveLength(2);
  });

  it('are named when the second is missing: what it took, and what it wants', async () => {
    await wants('publickey,publickey');
    const [one, strange] = [key(), key({ letIn: false })];
    const problem = await problemFrom(login({ identities: [one.path, strange.path] }));
    expect(problem).toMatchObject({
      code: 'auth-failed',
      detail: {
        tried: [`key ${one.path}`, `key ${strange.path}`],
        taken: [`key ${one.path}`],
        accepts: ['publickey'],
      },
    });
    expect(problem.message).toContain(`It took key ${one.path} and wants more. It accepts: publickey.`);
  });

  it('may lie in an agent, and locked in a file that is asked for only when it is its turn', async () => {
    await wants('publickey,publickey');
    agent = await startAgent();
    const [held, locked] = [key(), key({ passphrase: PASSPHRASE })];
    const strange = key({ passphrase: PASSPHRASE, letIn: false });
    agent.add(held.path);
    const ask = new ScriptedAsk(PASSPHRASE);
    await login({ agent: agent.socket, identities: [strange.path, locked.path], ask });
    expect(ask.questions).toEqual([`Passphrase for ${locked.path}`]);
  });
});

describe('the keys of an agent', () => {
  it('are offered until the right one is found, wherever it lies', async () => {
    await wants(null);
    agent = await startAgent();
    const keys = [key({ letIn: false }), key({ type: 'rsa', letIn: false }), key({ letIn: false }), key()];
    agent.add(...keys.map(({ path }) => path));
    await login({ agent: agent.socket });
  });

  it('are too many for a server, unless the right one is named (MaxAuthTries)', async () => {
    await wants(null, { config: ['MaxAuthTries 6'] });
    agent = await startAgent();
    const strangers = Array.from({ length: 8 }, () => key({ letIn: false }));
    const right = key();
    agent.add(...[...strangers, right].map(({ path }) => path));
    const problem = await problemFrom(login({ agent: agent.socket }));
    expect(problem).toMatchObject({ code: 'auth-failed' });
    expect(problem.detail).toMatchObject({ tried: { length: 6 } });
    await login({ agent: agent.socket, identities: [`${right.path}.pub`] });
  });

  it('are left alone but for those named, where only those may be offered', async () => {
    await wants(null);
    agent = await startAgent();
    const [held, named, strange] = [key(), key(), key({ letIn: false })];
    agent.add(held.path, named.path, strange.path);
    const options = { agent: agent.socket, identitiesOnly: true };
    expect((await problemFrom(login({ ...options, identities: [strange.path] }))).detail).toMatchObject({
      tried: [`key ${strange.path} (by the agent)`],
    });
    expect((await problemFrom(login(options))).detail).toMatchObject({ tried: [] });
    await login({ ...options, identities: [`${named.path}.pub`] });
    const file = key();
    await login({ ...options, identities: [strange.path, file.path] });
  });
});

describe.runIf(canMakeUsers)('several factors of an account', () => {
  let user: ThrowawayUser;
  let totp: Totp;
  beforeAll(() => {
    user = makeUser({ password: SECRET });
    totp = makeTotp(join(folder, 'totp'));
  });
  afterAll(() => user.remove());

  const pam = ['auth requisite pam_unix.so nodelay'];
  const asking = 'The old machine asks:';

  it('are a key and then a password, given or asked for', async () => {
    await wants('publickey,password', { passwords: true });
    const { path } = key();
    await login({ user: user.name, identities: [path], password: SECRET });
    const ask = new ScriptedAsk('typo', SECRET);
    await login({ user: user.name, identities: [path], ask });
    expect(ask.questions).toEqual(Array(2).fill(`Password for ${user.name}@127.0.0.1`));
    const problem = await problemFrom(login({ user: user.name, identities: [path] }));
    expect(problem.message).toContain(`It took key ${path} and wants more. It accepts: password.`);
  });

  it('are a password and then a key, which nothing is asked about before', async () => {
    await wants('password,publickey', { passwords: true });
    const { path } = key({ passphrase: PASSPHRASE });
    const ask = new ScriptedAsk(SECRET, PASSPHRASE);
    await login({ user: user.name, identities: [path], ask });
    expect(ask.questions).toEqual([`Password for ${user.name}@127.0.0.1`, `Passphrase for ${path}`]);
    await login({ user: user.name, identities: [path], password: SECRET, passphrase: PASSPHRASE });
  });

  it('are a password by keyboard-interactive alone', async () => {
    await wants('keyboard-interactive', { pam });
    await login({ user: user.name, password: SECRET });
    const ask = new ScriptedAsk('typo', SECRET);
    await login({ user: user.name, ask });
    expect(ask.questions).toEqual([`${asking} Password:`, `${asking} Password:`]);
    const wrong = await problemFrom(login({ user: user.name, password: 'canary wrong' }));
    expect(wrong).toMatchObject({ detail: { tried: ['password (keyboard-interactive)'] } });
  });

  it('are a key and then keyboard-interactive, and the password is known when the line has broken', async () => {
    await wants('publickey,keyboard-interactive', { pam });
    const { path } = key();
    const ask = new ScriptedAsk(SECRET);
    const host = await connect({ user: user.name, identities: [path], ask });
    const held = await host.spawn(['cat']);
    server?.drop();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    expect((await run(host, ['echo', 'again'])).stdout.toString()).toBe('again\n');
    expect(ask.questions).toHaveLength(1);
    await host.close();
    const nobody = await problemFrom(login({ user: user.name, identities: [path] }));
    expect(nobody.message).toContain(`It took key ${path} and wants more.`);
    expect(nobody.message).toContain(`${asking} Password: (there is nobody to answer).`);
  });

  it('are a password and a one-time code in two rounds, the code from a person even where the password was given', async () => {
    await wants('keyboard-interactive', { pam: [...pam, ...totp.pam] });
    const code = totp.code();
    const ask = new ScriptedAsk(SECRET, code);
    await login({ user: user.name, ask });
    expect(ask.questions).toEqual([`${asking} Password:`, `${asking} Verification code:`]);
    const typing = new ScriptedAsk('000000', totp.code());
    await login({ user: user.name, password: SECRET, ask: typing });
    expect(typing.questions).toEqual([`${asking} Verification code:`, `${asking} Verification code:`]);
    const nobody = await problemFrom(login({ user: user.name, password: SECRET }));
    expect(nobody).toMatchObject({ code: 'auth-failed' });
    expect(nobody.message).toContain(`${asking} Verification code: (there is nobody to answer).`);
    expect(nobody.hint).toContain('at a terminal');
  });

  it('are all three, and a code is not kept for the line that comes after', async () => {
    await wants('publickey,keyboard-interactive', { pam: [...pam, ...totp.pam] });
    const ask = new ScriptedAsk(SECRET, totp.code());
    const host = await connect({ user: user.name, identities: [key().path], ask });
    const held = await host.spawn(['cat']);
    server?.drop();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    const problem = await problemFrom(host.spawn(['true']));
    expect(problem.message).toContain(`${asking} Verification code: (there is nobody to answer).`);
    expect(ask.questions).toHaveLength(2);
    await host.close();
  });

  it('do not send a password that was given where a code alone is asked for', async () => {
    // One wrong answer would be the end.
    await wants('publickey,keyboard-interactive', { pam: totp.pam, config: ['MaxAuthTries 1'] });
    const ask = new ScriptedAsk(totp.code());
    await login({ user: user.name, identities: [key().path], password: SECRET, ask });
    expect(ask.questions).toEqual([`${asking} Verification code:`]);
  });

  it('say that a password has expired: in the words of the session, or by what is asked for', async () => {
    const expired = makeUser({ password: SECRET });
    try {
      execFileSync('chage', ['-d', '0', expired.name]);
      await wants(null, { passwords: true });
      const session = await problemFrom(login({ user: expired.name, password: SECRET }));
      expect(session.message).toContain('Your password has expired');
      expect(session.hint).toContain('Set a new password');
      await server?.stop();
      await wants('keyboard-interactive', { pam: [...pam, 'password required pam_unix.so'] });
      const nobody = await problemFrom(login({ user: expired.name, password: SECRET }));
      expect(nobody).toMatchObject({ code: 'auth-failed' });
      expect(nobody.message).toContain(`${asking} You are required to change your password immediately`);
    } finally {
      expired.remove();
    }
  });

  it('leave nothing secret in a Problem, in the command line of this process, or in what a Host shows of itself', async () => {
    await wants('publickey,keyboard-interactive', { pam: [...pam, ...totp.pam] });
    const { path } = key({ passphrase: PASSPHRASE });
    const code = totp.code();
    const given = { user: user.name, identities: [path], passphrase: PASSPHRASE, password: SECRET };
    const host = await connect({ ...given, ask: new ScriptedAsk(code) });
    const shown = [JSON.stringify(host), inspect(host, { depth: 9, showHidden: true })];
    await host.close();
    for (const options of [
      given,
      { ...given, passphrase: 'canary typo' },
      { ...given, password: 'canary typo' },
      { ...given, password: null, ask: new ScriptedAsk('canary 1', 'canary 2', 'canary 3') },
      { ...given, ask: new ScriptedAsk('canary 1', 'canary 2', 'canary 3', 'canary 4', 'canary 5', 'canary 6') },
    ]) {
      const error: unknown = await login(options).catch((reason: unknown) => reason);
      shown.push(JSON.stringify(error), inspect(error, { depth: 9, showHidden: true }));
    }
    shown.push(readFileSync('/proc/self/cmdline', 'utf8'));
    for (const text of shown) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain(code);
    }
  });
});
