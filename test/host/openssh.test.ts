import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { OpenSshHost, type OpenSshOptions } from '../../src/host/openssh.ts';
import { run, runOk } from '../../src/host/run.ts';
import { openSshOptions, sshWords } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { startAgent } from '../kit/ssh-agent.ts';
import { certify, type KeyPair, makeKey } from '../kit/ssh-keys.ts';
import { type Sshd, type SshdOptions, startSshd } from '../kit/sshd.ts';
import { canMakeUsers, makeUser } from '../kit/throwaway-user.ts';

describe('the old machine behind the ssh of this one', () => {
  let folder: string;
  let runtime: string;
  let server: Sshd;
  const hosts: OpenSshHost[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'np-openssh-'));
    chmodSync(folder, 0o711);
    runtime = join(folder, 'run');
    mkdirSync(runtime, { mode: 0o700 });
  });
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()));
    await server.stop();
    const left = readdirSync(runtime);
    rmSync(folder, { recursive: true });
    expect(left).toEqual([]);
  });

  const serve = async (options: SshdOptions = {}): Promise<void> => {
    server = await startSshd(options);
  };
  const connect = async (other: Partial<OpenSshOptions> = {}): Promise<OpenSshHost> => {
    const options = openSshOptions(server, other);
    const host = await OpenSshHost.connect({ ...options, env: { ...options.env, XDG_RUNTIME_DIR: runtime } });
    hosts.push(host);
    return host;
  };
  const by = (key: Pick<KeyPair, 'path'>, ...more: string[]): { args: string[] } => ({
    args: sshWords(server, '-i', key.path, ...more),
  });
  const knowing = (text: string): { args: string[] } => {
    const knownHosts = join(folder, 'known_hosts');
    writeFileSync(knownHosts, text);
    return { args: sshWords({ ...server, knownHosts }, '-i', server.identity.path) };
  };
  const echo = async (host: OpenSshHost): Promise<string> => (await runOk(host, ['echo', 'here'])).stdout.toString();

  describe('is logged in to', () => {
    it('by a certificate, where no key is let in', async () => {
      const ca = makeKey(folder, 'ca');
      await serve({ config: ['AuthorizedKeysFile none', `TrustedUserCAKeys ${ca.path}.pub`] });
      const key = makeKey(folder, 'me');
      expect(await problemFrom(connect(by(key)))).toMatchObject({ code: 'auth-failed' });
      certify(ca, key, { user: server.user });
      expect(await echo(await connect(by(key)))).toBe('here\n');
    });

    it('by the agent of the user', async () => {
      await serve();
      const agent = await startAgent();
      agent.add(server.identity.path);
      const env = { PATH: process.env['PATH'] ?? '', SSH_AUTH_SOCK: agent.socket, XDG_RUNTIME_DIR: runtime };
      const args = sshWords(server).map((word) => word.replace('IdentitiesOnly=yes', 'IdentitiesOnly=no'));
      const host = await OpenSshHost.connect({ ...openSshOptions(server, { args }), env });
      hosts.push(host);
      expect(await echo(host)).toBe('here\n');
      expect((await runOk(host, ['env'])).stdout.toString()).not.toContain('SSH_AUTH_SOCK');
      await agent.stop();
    });

    it('by an alias, and through another machine, as the config of the user says', async () => {
      await serve();
      const jump = await startSshd();
      jump.authorize(server.identity.publicLine);
      const knownHosts = join(folder, 'known_hosts');
      writeFileSync(knownHosts, read(server.knownHosts) + read(jump.knownHosts));
      const config = join(folder, 'config');
      writeFileSync(
        config,
        `Host old\n HostName 127.0.0.1\n Port ${server.port}\n ProxyJump between\n` +
          `Host between\n HostName 127.0.0.1\n Port ${jump.port}\n` +
          `Host *\n User ${server.user}\n IdentityFile ${server.identity.path}\n IdentitiesOnly yes\n` +
          ` UserKnownHostsFile ${knownHosts}\n GlobalKnownHostsFile none\n`,
      );
      const host = await connect({ args: ['-F', config], destination: 'old' });
      expect(jump.log()).toContain('Accepted publickey');
      const held = await host.spawn(['cat']);
      jump.drop();
      expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
      expect(await echo(host)).toBe('here\n');
      await host.close();
      await jump.stop();
    });

    it('through a key exchange that only it knows', async () => {
      await serve({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] });
      expect(await echo(await connect())).toBe('here\n');
    });

    it('by an encrypted key, with the passphrase given, which no other process can see (F31)', async () => {
      await serve();
      const passphrase = 'canary-pass phrase $(id)';
      const key = makeKey(folder, 'locked', { passphrase });
      server.authorize(key.publicLine);
      const host = await connect({ ...by(key), passphrase });
      const held = await host.spawn(['cat']);
      expect(seenInProcesses(passphrase)).toEqual([]);
      held.kill('KILL');
      await server.halt();
      expect(filesWith(runtime, passphrase)).toEqual([]);
    });

    it('by an encrypted key, asking a person, and lets them mistype it', async () => {
      await serve();
      const key = makeKey(folder, 'locked', { passphrase: 'open sesame' });
      server.authorize(key.publicLine);
      const ask = new ScriptedAsk('typo', 'open sesame');
      await connect({ ...by(key), ask });
      const question = `ssh asks: Enter passphrase for key '${key.path}':`;
      expect(ask.questions).toEqual([question, question]);
    });

    it('no more than a few times, and without asking where nobody can be asked (F37)', async () => {
      await serve();
      const key = makeKey(folder, 'locked', { passphrase: 'open sesame' });
      server.authorize(key.publicLine);
      const ask = new ScriptedAsk('a', 'b', 'c', 'd', 'e');
      expect(await problemFrom(connect({ ...by(key), ask }))).toMatchObject({ code: 'auth-failed' });
      expect(ask.questions).toHaveLength(3);
      expect(await problemFrom(connect({ ...by(key), passphrase: 'wrong' }))).toMatchObject({ code: 'auth-failed' });
      expect(await problemFrom(connect(by(key)))).toMatchObject({ code: 'auth-failed' });
    });

    it('not at all when the person has had enough', async () => {
      await serve();
      const key = makeKey(folder, 'locked', { passphrase: 'open sesame' });
      server.authorize(key.publicLine);
      const enough = fail('interrupted', { message: 'Ctrl-C.', hint: 'None.' });
      expect(await problemFrom(connect({ ...by(key), ask: new ScriptedAsk(enough) }))).toEqual(enough.problem);
    });

    it.runIf(canMakeUsers)('by a password, given or asked for, and again with it after the line broke', async () => {
      const password = 'canary pässword $(id)';
      const user = makeUser({ password });
      await serve({ passwords: true, ownHomes: true });
      const login = { user: user.name, args: sshWords({ ...server, user: user.name }) };
      const given = await connect({ ...login, password });
      expect((await runOk(given, ['id', '-un'])).stdout.toString()).toBe(`${user.name}\n`);
      expect(seenInProcesses(password)).toEqual([]);
      const ask = new ScriptedAsk('typo', password);
      const asked = await connect({ ...login, ask });
      const question = `ssh asks: ${user.name}@127.0.0.1's password:`;
      expect(ask.questions).toEqual([question, question]);
      const held = await asked.spawn(['cat']);
      server.drop();
      expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
      expect(await echo(asked)).toBe('here\n');
      expect(await problemFrom(connect({ ...login, password: 'wrong' }))).toMatchObject({ code: 'auth-failed' });
      user.remove();
    });
  });

  describe('shows a key', () => {
    const fingerprint = (): string => server.hostKeys[0]?.fingerprint ?? '';
    const line = (key: string): string => `[127.0.0.1]:${server.port} ${key}\n`;

    it('that is signed by a machine authority that is known', async () => {
      const ca = makeKey(folder, 'ca');
      const key = makeKey(folder, 'host');
      const certificate = certify(ca, key, { host: '127.0.0.1' });
      await serve({ serve: [key], config: [`HostCertificate ${certificate}`] });
      const host = await connect(knowing(`@cert-authority [127.0.0.1]:* ${ca.publicLine}\n`));
      const held = await host.spawn(['cat']);
      server.drop();
      await problemFrom(held.exit);
      expect(await echo(host)).toBe('here\n');
      await connect({ hostKeyPin: fingerprint() });
    });

    it('that is unknown, and is sent nothing when nobody can be asked', async () => {
      await serve();
      const problem = await problemFrom(connect(knowing('')));
      expect(problem).toMatchObject({ code: 'host-key-unknown', detail: { fingerprint: fingerprint() } });
      expect(problem.hint).toContain(`--host-key ${fingerprint()}`);
      expect(server.log()).not.toMatch(/Accepted|Failed|userauth/);
    });

    it('that is unknown, and a person decides', async () => {
      await serve();
      const no = new ScriptedAsk(false);
      expect(await problemFrom(connect({ ...knowing(''), ask: no }))).toMatchObject({ code: 'declined' });
      expect(no.questions[0]).toContain(fingerprint());
      const yes = new ScriptedAsk(true);
      expect(await echo(await connect({ ...knowing(''), ask: yes }))).toBe('here\n');
      expect(readFileSync(join(folder, 'known_hosts'), 'latin1')).not.toBe('');
    });

    it('other than the known one (F30)', async () => {
      await serve();
      const other = makeKey(folder, 'other');
      const problem = await problemFrom(connect({ ...knowing(line(other.publicLine)), ask: new ScriptedAsk() }));
      expect(problem).toMatchObject({ code: 'host-key-changed' });
      expect(problem.message).toContain(`line 1 of ${join(folder, 'known_hosts')}`);
    });

    it('that is revoked', async () => {
      await serve();
      const key = server.hostKeys[0]?.publicLine ?? '';
      const problem = await problemFrom(connect(knowing(`@revoked * ${key}\n${line(key)}`)));
      expect(problem).toMatchObject({ code: 'host-key-revoked' });
    });

    it('that is the pinned one, or not, whatever known_hosts says', async () => {
      await serve();
      const other = makeKey(folder, 'other');
      const strange = knowing(line(other.publicLine));
      expect(await echo(await connect({ ...strange, hostKeyPin: `${fingerprint()}=` }))).toBe('here\n');
      const problem = await problemFrom(connect({ hostKeyPin: other.fingerprint }));
      expect(problem).toMatchObject({ code: 'host-key-changed' });
      expect(problem.message).toContain(`the pin asks for ${other.fingerprint}`);
      expect(server.log().match(/Accepted publickey/g)).toHaveLength(1);
    });

    it('after a break that is not the one of before, even one that known_hosts vouches for (F22)', async () => {
      await serve();
      const host = await connect();
      const held = await host.spawn(['cat']);
      await server.halt();
      await problemFrom(held.exit);
      const imposter = await startSshd({ port: server.port });
      writeFileSync(server.knownHosts, line(imposter.hostKeys[0]?.publicLine ?? ''));
      expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'machine-changed' });
      expect(imposter.log()).not.toMatch(/Accepted|Failed|userauth/);
      await imposter.stop();
    });
  });

  it('gets nothing that the config of the user would give it: no forwarding, terminal, environment or local command', async () => {
    await serve({ config: ['AcceptEnv *'] });
    const config = join(folder, 'config');
    const mark = join(folder, 'mark');
    writeFileSync(
      config,
      [
        'Host *',
        'ForwardAgent yes',
        'ForwardX11 yes',
        'RequestTTY force',
        'RemoteCommand touch /np-never',
        'PermitLocalCommand yes',
        `LocalCommand touch ${mark}`,
        'SendEnv NP_CANARY LC_*',
        `LocalForward ${join(folder, 'forward')} 127.0.0.1:1`,
        'ControlMaster auto',
        `ControlPath ${join(folder, 'theirs')}`,
        'ControlPersist yes',
        'LogLevel DEBUG',
        '',
      ].join('\n'),
    );
    const agent = await startAgent();
    const options = openSshOptions(server);
    const env = { ...options.env, XDG_RUNTIME_DIR: runtime, SSH_AUTH_SOCK: agent.socket, NP_CANARY: 'x', LC_TIME: 'C' };
    const args = ['-F', config, ...options.args.slice(2)];
    const host = await OpenSshHost.connect({ ...options, args, env });
    hosts.push(host);
    const { stdout, stderr } = await run(host, ['sh', '-c', 'tty; env']);
    expect(stdout.toString()).toContain('not a tty');
    expect(stdout.toString()).not.toMatch(/^(?:LC_|NP_|DISPLAY|SSH_TTY|SSH_AUTH_SOCK)/m);
    expect(stderr.toString()).toBe('');
    expect(['mark', 'forward', 'theirs'].filter((name) => existsSync(join(folder, name)))).toEqual([]);
    await agent.stop();
  });

  it.runIf(canMakeUsers).each([
    ['/bin/bash', '.bashrc', 'echo welcome; echo oops >&2; printf "["\n'],
    ['/usr/bin/fish', '.config/fish/config.fish', 'echo welcome; echo oops >&2\n'],
    ['/bin/tcsh', '.tcshrc', 'echo welcome; set verbose\n'],
  ])('starts commands as they are where the login shell %s talks (F115)', async (shell, file, text) => {
    await serve({ ownHomes: true });
    const user = makeUser({ shell });
    user.write(file, text);
    const host = await connect({
      user: user.name,
      args: sshWords({ ...server, user: user.name }, '-i', server.identity.path),
    });
    const words = ["it's", 'x\ny', ';id>pwned', '$(id)', '!!', '\\', 'ä日😀'];
    const { code, stdout, stderr } = await run(host, ['printf', '%s\\0', ...words]);
    expect({ code, said: stdout.toString(), stderr: stderr.toString() }).toEqual({
      code: 0,
      said: words.map((word) => `${word}\0`).join(''),
      stderr: '',
    });
    const held = await host.spawn(['sh', '-c', 'sleep 100 & wait']);
    held.stdout.resume();
    held.stderr.resume();
    held.kill('TERM');
    expect(await held.exit).toEqual({ code: null, signal: 'TERM' });
    user.remove();
  });

  it.runIf(canMakeUsers).each([
    ['/usr/sbin/nologin', '', 'This account is currently not available'],
    ['/bin/bash', 'echo gone for lunch; exit 9\n', '(exit code 9) before the command began. It said: gone for lunch'],
    ['/bin/bash', 'read -r answer; echo "$answer" >"$HOME/answer"\n', 'did not start the command within 0.5 s'],
  ])('names the login shell %s that starts nothing: %j (F115)', async (shell, text, words) => {
    await serve({ ownHomes: true });
    const user = makeUser({ shell });
    user.write('.bashrc', text);
    const args = sshWords({ ...server, user: user.name }, '-i', server.identity.path);
    const host = await connect({ user: user.name, args, loginTimeoutMs: 500 });
    const problem = await problemFrom(run(host, ['touch', `${user.home}/began`], { stdin: 'secret' }));
    expect(problem).toMatchObject({ code: 'login-shell-unusable' });
    expect(problem.message).toContain(words);
    await host.close();
    expect(existsSync(`${user.home}/began`)).toBe(false);
    expect(read(`${user.home}/answer`)).not.toContain('secret');
    user.remove();
  });
});

/** Command lines and environments of this machine in which a text stands. */
function seenInProcesses(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .filter((path) => read(path).includes(text));
}

function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    read(join(folder, name)).includes(text),
  );
}

/** What is gone, or is no file, holds nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
