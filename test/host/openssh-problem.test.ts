import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import { OpenSshHost, type OpenSshOptions } from '../../src/host/openssh.ts';
import { opensshProblem } from '../../src/host/openssh-problem.ts';
import { openSshOptions, sshWords } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { makeKey, type KeyType } from '../kit/ssh-keys.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';

const NOWHERE = {
  host: '127.0.0.1',
  user: 'al',
  identity: { path: '/nonexistent' } as never,
  knownHosts: '/nonexistent',
};

describe('what the ssh of this machine says when it does not come through', () => {
  let runtime: string;
  let server: Sshd | null = null;
  let listener: Server | null = null;
  const open = new Set<Socket>();
  beforeEach(() => {
    runtime = mkdtempSync(join(tmpdir(), 'np-run-'));
  });
  afterEach(async () => {
    for (const socket of open) socket.destroy();
    listener?.close();
    await server?.stop();
    [server, listener] = [null, null];
    const left = readdirSync(runtime);
    rmSync(runtime, { recursive: true });
    expect(left).toEqual([]);
  });

  const connect = (options: OpenSshOptions): Promise<OpenSshHost> =>
    OpenSshHost.connect({ ...options, env: { ...options.env, XDG_RUNTIME_DIR: runtime } });
  const tried = (options: OpenSshOptions): Promise<Problem> => problemFrom(connect(options));
  const listen = async (greet: (socket: Socket) => void): Promise<number> => {
    listener = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      greet(socket);
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return (listener.address() as AddressInfo).port;
  };
  const at = (port: number, other: Partial<OpenSshOptions> = {}): OpenSshOptions =>
    openSshOptions({ ...NOWHERE, port } as never, other);

  it('names a name that does not resolve', async () => {
    const destination = 'no-such-machine.invalid';
    const problem = await tried(at(22, { destination, place: { host: destination, port: 22 } }));
    expect(problem).toMatchObject({ code: 'host-not-found' });
    expect(problem.message).toContain('Could not resolve hostname');
  });

  it('names a port on which nobody listens', async () => {
    const port = await listen(() => undefined);
    listener?.close();
    const problem = await tried(at(port));
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain('Connection refused');
  });

  it.each<[string, (socket: Socket) => void]>([
    ['hangs up at once, as an sshd does that has too many guests (F24)', (socket) => socket.end()],
    ['says nothing', () => undefined],
    ['speaks another protocol (F25)', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nX: \x1b[31m\r\n\r\n')],
  ])('names what %s', async (_name, greet) => {
    const problem = await tried(at(await listen(greet), { connectTimeoutMs: 300 }));
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toMatch(/^127\.0\.0\.1:\d+ (?:could not be reached \(.+\)|did not .+)\.$/);
    expect(problem.message).not.toContain('\x1b');
  });

  it('is not waited for when the greeting is right and nothing follows (F26)', async () => {
    const problem = await tried(at(await listen((socket) => socket.write('SSH-2.0-x\r\n')), { connectTimeoutMs: 300 }));
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain('within 0.9 s');
  });

  // F33, F34
  it.each<[string, string[], KeyType]>([
    ['key exchange by SHA-1', ['KexAlgorithms diffie-hellman-group14-sha1'], 'ed25519'],
    ['CBC', ['Ciphers aes256-cbc'], 'ed25519'],
    ['hmac-sha1', ['Ciphers aes128-ctr', 'MACs hmac-sha1,hmac-sha1-etm@openssh.com'], 'ed25519'],
    ['host keys proven by SHA-1', ['HostKeyAlgorithms ssh-rsa'], 'rsa'],
  ])('is that a server knows nothing better than %s', async (_name, config, type) => {
    server = await startSshd({ config, hostKeys: [type] });
    const weak = ['KexAlgorithms=+diffie-hellman-group14-sha1', 'Ciphers=+aes256-cbc', 'HostKeyAlgorithms=+ssh-rsa'];
    const args = [...openSshOptions(server).args, ...weak.flatMap((each) => ['-o', each])];
    const problem = await tried(openSshOptions(server, { args }));
    expect(problem).toMatchObject({ code: 'handshake-failed' });
    expect(problem.message).toContain('no safe way to talk');
  });

  it('is that the server lets nobody in, and what it takes', async () => {
    server = await startSshd();
    const strange = makeKey(server.folder, 'strange');
    const problem = await tried(openSshOptions(server, { args: sshWords(server, '-i', strange.path) }));
    expect(problem).toMatchObject({ code: 'auth-failed' });
    expect(problem.message).toContain('Permission denied (publickey)');
  });

  it('is that too many keys were offered', async () => {
    server = await startSshd({ config: ['MaxAuthTries 1'] });
    const [one, two] = [makeKey(server.folder, 'one'), makeKey(server.folder, 'two')];
    const args = sshWords(server, '-i', one.path, '-i', two.path);
    const problem = await tried(openSshOptions(server, { args }));
    expect(problem).toMatchObject({ code: 'auth-failed' });
    expect(problem.message).toContain('Too many authentication failures');
  });

  it.each([
    ['NoSuchOption\x1b=1', 'Bad configuration option: nosuchoption'],
    ['ConnectTimeout=soon', 'invalid time value'],
    ['Port=22 33', 'extra arguments at end of line'],
  ])('is that an option is none: %j', async (option, words) => {
    const problem = await tried(at(22, { args: ['-o', option] }));
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain(words);
    expect(problem.message).not.toContain('\x1b');
    expect(problem.hint).toContain('-o');
  });

  it('is that an older OpenSSH does not know an option of ours', async () => {
    const ssh = join(runtime, 'old-ssh');
    // The words with which an OpenSSH before 8.7 ends; there is none on this machine.
    const words = 'command-line: line 0: Bad configuration option: forkafterauthentication\\r\\n';
    writeFileSync(ssh, `#!/bin/sh\nprintf '${words}' >&2\nexit 255\n`, { mode: 0o755 });
    const problem = await tried(at(22, { ssh }));
    rmSync(ssh);
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain('Bad configuration option: forkafterauthentication');
    expect(problem.hint).toContain('update the OpenSSH client of this machine to 8.7 or newer');
  });

  it('is that its configuration cannot be used, and which line or file it is', async () => {
    const [bad, loose, including] = ['bad', 'loose', 'including'].map((name) => join(runtime, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(bad, 'Host *\n  Prot 22\n');
    writeFileSync(loose, 'Host *\n');
    chmodSync(loose, 0o666);
    writeFileSync(including, `Include ${loose}\n`);
    const words = [
      `${bad}: line 2: Bad configuration option: prot`,
      `Bad owner or permissions on ${loose}`,
      "Can't open user config file",
    ];
    for (const [file, said] of [bad, including, join(runtime, 'none')].entries()) {
      const problem = await tried(at(22, { args: ['-F', said] }));
      expect(problem).toMatchObject({ code: 'option-invalid' });
      expect(problem.message.replaceAll(': line', ' line')).toContain(words[file]?.replaceAll(': line', ' line'));
      expect(problem.hint).toContain('ssh -G 127.0.0.1');
    }
    for (const file of [bad, loose, including]) rmSync(file);
  });

  it('is what ended it, and no option that it only warns of', async () => {
    const port = await listen(() => undefined);
    listener?.close();
    const problem = await tried(
      at(port, { args: ['-o', 'GSSAPIKeyExchange=yes', '-o', 'UseRoaming=yes', '-o', 'Cipher=3des'] }),
    );
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain('Connection refused');
  });

  it('is shown as it is, printable, when it is nothing that we know', () => {
    const words = {
      said: 'ssh: some \x1b new words\r\n',
      place: { host: 'h', port: 22 },
      user: 'al',
      shown: null,
      only: null,
    };
    const { problem } = opensshProblem(words);
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain('(ssh: some \\x1b new words)');
  });

  it('is nothing, for there is no ssh', async () => {
    expect(await tried(at(22, { ssh: '/nowhere/ssh' }))).toMatchObject({ code: 'command-not-found' });
  });

  it('does not matter when nobody wants to know any more', async () => {
    const stop = new AbortController();
    const reason = new Error('no longer wanted');
    const connecting = connect(at(await listen(() => stop.abort(reason)), { signal: stop.signal }));
    await expect(connecting).rejects.toBe(reason);
  });
});
