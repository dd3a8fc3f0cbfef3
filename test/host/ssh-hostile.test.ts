import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Algorithms, Connection } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { letIn, nonceOf, type ScriptedServer, startScripted } from '../kit/scripted-server.ts';
import type { KeyType } from '../kit/ssh-keys.ts';
import { sshOptions } from '../kit/ssh-options.ts';

describe('an SSH server that means no good', () => {
  let server: ScriptedServer | null = null;
  afterEach(async () => {
    await server?.stop();
    server = null;
  });
  const connect = (options: Partial<SshOptions> = {}): Promise<SshHost> => {
    if (!server) throw new Error('no server');
    return SshHost.connect(sshOptions(server, options));
  };

  // F33, F34
  it.each<[string, Algorithms, KeyType]>([
    ['host keys proven by SHA-1', { serverHostKey: ['ssh-rsa'] }, 'rsa'],
    ['key exchange by SHA-1', { kex: ['diffie-hellman-group14-sha1'] }, 'ed25519'],
    ['key exchange in the oldest group', { kex: ['diffie-hellman-group1-sha1'] }, 'ed25519'],
    ['CBC', { cipher: ['aes256-cbc'] }, 'ed25519'],
    ['chacha20, which Terrapin works on', { cipher: ['chacha20-poly1305@openssh.com'] }, 'ed25519'],
    ['hmac-sha1', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] }, 'ed25519'],
    ['hmac-sha1-etm', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1-etm@openssh.com'] }, 'ed25519'],
    ['hmac-md5', { cipher: ['aes128-ctr'], hmac: ['hmac-md5'] }, 'ed25519'],
    ['zlib', { compress: ['zlib', 'zlib@openssh.com'] }, 'ed25519'],
  ])('is not followed down to %s', async (_name, algorithms, hostKeyType) => {
    server = await startScripted(letIn, { algorithms, hostKeyType });
    const problem = await problemFrom(connect());
    expect(problem).toMatchObject({ code: 'handshake-failed' });
    expect(problem.message).toContain('no safe way to talk');
  });

  it('gets nothing forwarded: no agent, no X11, no ports, no sockets (F35)', async () => {
    const refusals: Promise<string>[] = [];
    const refusal = (open: (answer: (error: Error | undefined) => void) => void): void => {
      refusals.push(new Promise((resolve) => open((error) => resolve(error ? 'refused' : 'opened'))));
    };
    server = await startScripted((connection: Connection) => {
      letIn(connection, (channel, opening) => {
        refusal((answer) => connection.x11('127.0.0.1', 6000, answer));
        refusal((answer) => connection.forwardOut('127.0.0.1', 8080, '127.0.0.1', 9, answer));
        refusal((answer) => connection.openssh_forwardOutStreamLocal('/tmp/socket', answer));
        refusal((answer) => openAgentChannel(connection, answer));
        void Promise.all(refusals).then(() => {
          channel.stderr.write(opening);
          channel.write(opening);
          channel.exit(0);
          channel.end();
        });
      });
    });
    const host = await connect();
    expect(await run(host, ['true'])).toMatchObject({ code: 0 });
    expect(await Promise.all(refusals)).toEqual(['refused', 'refused', 'refused', 'refused']);
    await host.close();
  });

  it('cannot flood us with a greeting of its login shell (F25)', async () => {
    server = await startScripted((connection) => {
      letIn(connection, (channel) => {
        const flood = (): void => {
          while (channel.writable && channel.write(Buffer.alloc(65_536, 'welcome '))) continue;
        };
        channel.on('drain', flood).on('error', () => undefined);
        flood();
      });
    });
    const host = await connect();
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'output-too-large' });
    await host.close();
  });

  it('cannot keep us waiting for a command that never begins (F26, F115)', async () => {
    server = await startScripted((connection) => letIn(connection));
    const host = await connect({ loginTimeoutMs: 200 });
    const problem = await problemFrom(host.spawn(['true']));
    expect(problem).toMatchObject({ code: 'login-shell-unusable' });
    expect(problem.message).toContain('did not start the command within 0.2 s');
    await host.close();
  });

  it('cannot forge the beginning of a command without its nonce (F53)', async () => {
    server = await startScripted((connection) => {
      letIn(connection, (channel) => {
        channel.write('0123456789abcdef0123456789abcdef 4711\nforged\n');
        channel.stderr.write('0123456789abcdef0123456789abcdef 4711\n');
        channel.exit(0);
        channel.end();
      });
    });
    const host = await connect();
    expect(await problemFrom(run(host, ['true']))).toMatchObject({ code: 'login-shell-unusable' });
    await host.close();
  });

  it('cannot make us signal everybody by the process id it names', async () => {
    const lines: string[] = [];
    server = await startScripted((connection) => {
      connection
        .on('authentication', (context) => context.accept())
        .on('session', (acceptSession) => {
          acceptSession().on('exec', (acceptCommand, _reject, { command }) => {
            lines.push(command);
            const channel = acceptCommand();
            const opening = `${nonceOf(command)} 1\n`;
            channel.write(opening);
            channel.stderr.write(opening);
          });
        });
    });
    const host = await connect();
    const running = await host.spawn(['cat']);
    running.kill('TERM');
    running.stdout.resume();
    running.stderr.resume();
    await problemFrom(Promise.all([running.exit, host.close()]));
    expect(lines).toHaveLength(1);
  });

  it('is not believed when a command ends without a word on how', async () => {
    server = await startScripted((connection) => {
      letIn(connection, (channel, opening) => {
        channel.write(opening);
        channel.stderr.write(opening);
        channel.end();
        channel.close();
      });
    });
    const host = await connect();
    expect(await problemFrom(run(host, ['true']))).toMatchObject({ code: 'connection-lost' });
    await host.close();
  });

  it('is named when it starts no commands at all', async () => {
    server = await startScripted((connection) => {
      connection
        .on('authentication', (context) => context.accept())
        .on('session', (accept) => {
          accept().on('exec', (_accept, reject) => {
            reject();
          });
        });
    });
    const host = await connect();
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'login-shell-unusable' });
    await host.close();
  });

  it('is named when it lets no command be started beside others (F24)', async () => {
    server = await startScripted((connection) => {
      connection.on('authentication', (context) => context.accept()).on('session', (_accept, reject) => reject());
    });
    const host = await connect();
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'sessions-refused' });
    await host.close();
  });
});

describe('what answers at the port', () => {
  let server: Server | null = null;
  const open = new Set<Socket>();
  afterEach(async () => {
    for (const socket of open) socket.destroy();
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  });

  const serve = async (greet: (socket: Socket) => void): Promise<number> => {
    server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      greet(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const connect = (port: number, options: Partial<SshOptions> = {}): ReturnType<typeof problemFrom> => {
    const place = {
      user: 'al',
      host: '127.0.0.1' as const,
      port,
      identity: { path: '/nonexistent' } as never,
      knownHosts: '/nonexistent',
    };
    return problemFrom(SshHost.connect(sshOptions(place, options)));
  };

  it('may be nothing', async () => {
    const port = await serve(() => undefined);
    server?.close();
    const problem = await connect(port);
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toBe(`127.0.0.1:${port} does not answer (ECONNREFUSED).`);
  });

  it('may hang up at once, as an sshd does that has too many guests (F24)', async () => {
    expect(await connect(await serve((socket) => socket.end()))).toMatchObject({ code: 'host-unreachable' });
  });

  it('may say nothing', async () => {
    const problem = await connect(await serve(() => undefined), { connectTimeoutMs: 200 });
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).toContain('did not finish the SSH handshake within 0.2 s');
  });

  it('may say one byte now and then (F26)', async () => {
    const port = await serve((socket) => {
      const drip = setInterval(() => socket.write('S'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    expect(await connect(port, { connectTimeoutMs: 300 })).toMatchObject({ code: 'host-unreachable' });
  });

  it.each([
    ['lines without end', 'hello\r\n'],
    ['one line without end', 'x'.repeat(1000)],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\nContent-Type: \x1b[31m\r\n\r\n'],
  ])('may be %s (F25)', async (_name, text) => {
    const port = await serve((socket) => {
      const flood = (): void => {
        while (!socket.destroyed && socket.write(text)) continue;
      };
      socket.on('drain', flood);
      flood();
    });
    const problem = await connect(port);
    expect(problem).toMatchObject({ code: 'host-unreachable' });
    expect(problem.message).not.toContain('\x1b');
  });

  it('is not there when its name does not resolve', async () => {
    expect(await connect(22, { host: 'no-such-machine.invalid' })).toMatchObject({ code: 'host-not-found' });
  });

  it('is not waited for when nobody wants it any more', async () => {
    const stop = new AbortController();
    const port = await serve(() => undefined);
    const reason = new Error('no longer wanted');
    const connecting = connect(port, { signal: stop.signal });
    stop.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  });
});

/** What ssh2's server can do, and does not offer. */
interface ConnectionInside {
  readonly _chanMgr: { add(opened: (error: Error | undefined) => void): number };
  readonly _protocol: { openssh_authAgent(channel: number, window: number, packet: number): void };
}

function openAgentChannel(connection: Connection, answer: (error: Error | undefined) => void): void {
  const { _chanMgr, _protocol } = connection as unknown as ConnectionInside;
  _protocol.openssh_authAgent(_chanMgr.add(Object.assign(answer, { type: 'auth-agent@openssh.com' })), 65_536, 32_768);
}
