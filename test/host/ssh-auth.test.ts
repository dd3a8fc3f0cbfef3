import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { run } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { type Agent, startAgent } from '../kit/ssh-agent.ts';
import { type KeyPair, makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';

describe('logging in to the old machine', () => {
  let server: Sshd;
  let folder: string;
  let count = 0;
  let logBefore = 0;

  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    count += 1;
    folder = join(server.folder, `case-${count}`);
    mkdirSync(folder);
    logBefore = server.log().length;
  });

  /** Logs in, runs a command to be sure, and leaves. */
  const login = async (options: Partial<SshOptions>): Promise<void> => {
    const host = await SshHost.connect(sshOptions(server, { identities: [], ...options }));
    expect((await run(host, ['echo', 'in'])).stdout.toString()).toBe('in\n');
    await host.close();
  };
  const refused = (options: Partial<SshOptions>): ReturnType<typeof problemFrom> => problemFrom(login(options));
  const letIn = (key: KeyPair): KeyPair => {
    server.authorize(key.publicLine);
    return key;
  };

  describe('by key file', () => {
    it.each(['ed25519', 'ecdsa', 'rsa'] as const)('works with %s', async (type) => {
      await login({ identities: [letIn(makeKey(folder, 'key', { type })).path] });
    });

    it('signs with SHA-2 for an RSA key', async () => {
      await login({ identities: [letIn(makeKey(folder, 'key', { type: 'rsa' })).path] });
      expect(server.log().slice(logBefore)).not.toMatch(/ssh-rsa .*SHA1|signature algorithm ssh-rsa/);
    });

    it('works with the older PEM form', async () => {
      await login({ identities: [letIn(makeKey(folder, 'key', { type: 'rsa', format: 'PEM' })).path] });
    });

    it('passes over files that are not there and keys that are not let in', async () => {
      const strange = makeKey(folder, 'strange');
      await login({ identities: [join(folder, 'none'), strange.path, server.identity.path] });
    });

    it('names what was tried and what the server takes when nothing helps', async () => {
      const strange = makeKey(folder, 'strange');
      const problem = await refused({ identities: [strange.path] });
      expect(problem).toMatchObject({
        code: 'auth-failed',
        detail: { tried: [`key ${strange.path}`], accepts: ['publickey'] },
      });
      expect(problem.message).toContain(
        `did not let ${server.user}@127.0.0.1 in. Tried: key ${strange.path}. It accepts: publickey.`,
      );
    });

    it('says so when there is nothing to try', async () => {
      expect((await refused({})).message).toContain('Tried: nothing');
    });

    it('names a file that holds no key, and one that cannot be read', async () => {
      writeFileSync(join(folder, 'text'), 'not a key\n');
      const text = await refused({ identities: [join(folder, 'text')] });
      expect(text).toMatchObject({ code: 'identity-unusable' });
      expect(text.message).toContain(`${join(folder, 'text')} is not a private key`);
      const directory = await refused({ identities: [folder] });
      expect(directory.message).toContain(`${folder} cannot be read (EISDIR)`);
    });

    it('goes on to a good key behind one that is useless', async () => {
      writeFileSync(join(folder, 'text'), 'not a key\n');
      await login({ identities: [join(folder, 'text'), server.identity.path] });
    });

    it('gives up with its own words when the server has had enough of keys', async () => {
      const identities = Array.from({ length: 8 }, (_, index) => makeKey(folder, `key${index}`).path);
      expect(await refused({ identities })).toMatchObject({ code: 'auth-failed' });
    });
  });

  describe('by an encrypted key', () => {
    it('uses the passphrase given', async () => {
      const key = letIn(makeKey(folder, 'key', { passphrase: 'open sesame' }));
      await login({ identities: [key.path], passphrase: 'open sesame' });
    });

    it('uses the passphrase given for the older PEM form, with and without its public half', async () => {
      const key = letIn(makeKey(folder, 'key', { type: 'rsa', passphrase: 'open sesame', format: 'PEM' }));
      await login({ identities: [key.path], passphrase: 'open sesame' });
      const alone = join(folder, 'alone');
      writeFileSync(alone, readFileSync(key.path), { mode: 0o600 });
      await login({ identities: [alone], passphrase: 'open sesame' });
    });

    it('asks for it once, and not again when the line has broken', async () => {
      const key = letIn(makeKey(folder, 'key', { passphrase: 'open sesame' }));
      const ask = new ScriptedAsk('open sesame');
      const host = await SshHost.connect(sshOptions(server, { identities: [key.path], ask }));
      expect(ask.questions).toEqual([`Passphrase for ${key.path}`]);
      const held = await host.spawn(['cat']);
      server.drop();
      expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
      expect((await run(host, ['echo', 'again'])).stdout.toString()).toBe('again\n');
      expect(ask.questions).toHaveLength(1);
      await host.close();
    });

    it('lets a person mistype it, and not for ever', async () => {
      const key = letIn(makeKey(folder, 'key', { passphrase: 'open sesame' }));
      await login({ identities: [key.path], ask: new ScriptedAsk('typo', 'open sesame') });
      const problem = await refused({ identities: [key.path], ask: new ScriptedAsk('a', 'b', 'c', 'open sesame') });
      expect(problem).toMatchObject({ code: 'identity-unusable' });
      expect(problem.message).toContain('is encrypted with another passphrase');
    });

    it('does not ask for the passphrase of a key that the server would not take', async () => {
      const key = makeKey(folder, 'key', { passphrase: 'open sesame' });
      const ask = new ScriptedAsk();
      expect(await refused({ identities: [key.path], ask })).toMatchObject({ code: 'auth-failed' });
      expect(ask.questions).toEqual([]);
    });

    it('says so when there is no passphrase, and when it is wrong', async () => {
      const key = letIn(makeKey(folder, 'key', { passphrase: 'open sesame' }));
      const none = await refused({ identities: [key.path] });
      expect(none).toMatchObject({ code: 'identity-unusable' });
      expect(none.message).toContain(`${key.path} is encrypted, and there is no passphrase`);
      const wrong = await refused({ identities: [key.path], passphrase: 'wrong' });
      expect(wrong.message).toContain('is encrypted with another passphrase');
      expect(JSON.stringify(wrong)).not.toContain('wrong"');
    });

    it('ends when the person breaks off', async () => {
      const key = letIn(makeKey(folder, 'key', { passphrase: 'open sesame' }));
      const brokenOff = fail('interrupted', { message: 'Interrupted.', hint: 'Run it again.' });
      expect(await refused({ identities: [key.path], ask: new ScriptedAsk(brokenOff) })).toMatchObject({
        code: 'interrupted',
      });
    });
  });

  describe('by ssh-agent', () => {
    let agent: Agent;
    beforeAll(async () => {
      agent = await startAgent();
    });
    afterAll(() => agent.stop());

    it.each(['ed25519', 'ecdsa', 'rsa'] as const)('works with %s', async (type) => {
      const key = letIn(makeKey(folder, 'key', { type }));
      agent.add(key.path);
      await login({ agent: agent.socket });
    });

    it('signs for an encrypted file whose key it holds, without a passphrase', async () => {
      const key = letIn(makeKey(folder, 'key'));
      agent.add(key.path);
      writeFileSync(join(folder, 'half'), readFileSync(`${key.path}.pub`));
      await login({ agent: agent.socket, identities: [join(folder, 'half')] });
    });

    it('does not matter when it is not there and a key file does it, and is named when nothing does', async () => {
      const gone = join(folder, 'no-agent');
      await login({ agent: gone, identities: [server.identity.path] });
      expect((await refused({ agent: gone })).message).toContain('The ssh-agent did not answer');
    });

    it('names a public key whose private half nobody holds', async () => {
      const key = makeKey(folder, 'key');
      const problem = await refused({ identities: [`${key.path}.pub`] });
      expect(problem.message).toContain('is a public key, and no agent holds its private half');
    });
  });

  it('does not tell of a key file what only its owner may know', async () => {
    const key = letIn(makeKey(folder, 'key', { passphrase: 'canary-passphrase' }));
    chmodSync(key.path, 0o600);
    const problem = await refused({ identities: [key.path], passphrase: 'canary-wrong' });
    expect(JSON.stringify(problem)).not.toContain('canary');
  });
});
