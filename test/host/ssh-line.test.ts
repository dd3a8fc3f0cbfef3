import { once } from 'node:events';
import { createServer, connect as connectTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { fail } from '../../src/core/problem.ts';
import { run, runOk } from '../../src/host/run.ts';
import { SshHost } from '../../src/host/ssh.ts';
import type { SshOptions } from '../../src/host/ssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { type Sshd, type SshdOptions, startSshd } from '../kit/sshd.ts';
import { sshOptions } from '../kit/ssh-options.ts';

describe('the line to the old machine', () => {
  let server: Sshd;
  const hosts: SshHost[] = [];
  beforeEach(async () => {
    server = await startSshd();
  });
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()));
    await server.stop();
  });

  const connect = async (options: Partial<SshOptions> = {}): Promise<SshHost> => {
    const host = await SshHost.connect(sshOptions(server, options));
    hosts.push(host);
    return host;
  };
  /** Breaks the line, and resolves when the Host has noticed. */
  const breakLine = async (host: Host, how: () => unknown): Promise<void> => {
    const held = await host.spawn(['cat']);
    await how();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
  };
  const echo = async (host: Host): Promise<string> => (await runOk(host, ['echo', 'here'])).stdout.toString();

  describe('when it breaks', () => {
    it('takes its Processes along at once, streams and all', async () => {
      const host = await connect();
      const held = await host.spawn(['cat']);
      const reading = held.stdout.toArray();
      server.drop();
      expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
      expect(await problemFrom(reading)).toMatchObject({ code: 'connection-lost' });
      expect(held.stdin.destroyed && held.stderr.destroyed).toBe(true);
    });

    it('is opened again by the next command, once for all that wait', async () => {
      const host = await connect();
      const before = server.connections();
      await breakLine(host, () => server.drop());
      expect(await Promise.all([echo(host), echo(host), echo(host)])).toEqual(['here\n', 'here\n', 'here\n']);
      expect(server.connections()).toHaveLength(1);
      expect(server.connections()).not.toEqual(before);
      expect(host.hostKey.trustedBy).toBe('connection');
    });

    it('is tried again while the server is away, and stands when it is back (F23)', async () => {
      const host = await connect({ reconnectMs: 20_000 });
      await breakLine(host, () => server.halt());
      const waiting = echo(host);
      const again = await startSshd({ serve: server.hostKeys, port: server.port });
      again.authorize(server.identity.publicLine);
      expect(await waiting).toBe('here\n');
      await host.close();
      await again.stop();
    });

    it('is given up when the time is up', async () => {
      const host = await connect({ reconnectMs: 300 });
      await breakLine(host, () => server.halt());
      const problem = await problemFrom(echo(host));
      expect(problem).toMatchObject({ code: 'connection-lost' });
      expect(problem.message).toContain('did not come back within 0.3 s');
      expect(problem.message).toContain('ECONNREFUSED');
    });

    it('is not opened to a machine with another key, even one that known_hosts vouches for (F22)', async () => {
      const host = await connect();
      await breakLine(host, () => server.halt());
      const imposter = await startSshd({ port: server.port });
      writeFileSync(server.knownHosts, `[127.0.0.1]:${server.port} ${imposter.hostKeys[0]?.publicLine ?? ''}\n`);
      expect(await problemFrom(echo(host))).toMatchObject({ code: 'machine-changed' });
      expect(imposter.log()).not.toMatch(/Accepted|Failed|userauth/);
      await imposter.stop();
    });

    it('lets the caller look at the machine before anything else is started on it (F27)', async () => {
      const seen: string[] = [];
      const host = await connect({
        onReconnect: async (fresh) => {
          seen.push(await echo(fresh));
        },
      });
      expect(seen).toEqual([]);
      await breakLine(host, () => server.drop());
      expect(await echo(host)).toBe('here\n');
      expect(seen).toEqual(['here\n']);
    });

    it('is closed again, and the command refused, when the caller does not know the machine', async () => {
      const strange = fail('machine-changed', { message: 'Another machine id.', hint: 'Look.' });
      const host = await connect({ onReconnect: () => Promise.reject(strange) });
      await breakLine(host, () => server.drop());
      expect(await problemFrom(echo(host))).toEqual(strange.problem);
    });

    it('keeps nobody waiting who has given up', async () => {
      const host = await connect({ reconnectMs: 60_000 });
      await breakLine(host, () => server.halt());
      const stop = new AbortController();
      const reason = new Error('given up');
      const waiting = host.spawn(['true'], { signal: stop.signal });
      stop.abort(reason);
      await expect(waiting).rejects.toBe(reason);
    });
  });

  it('ends its Processes when it is closed, and starts no more', async () => {
    const host = await connect();
    const held = await host.spawn(['cat']);
    await host.close();
    await host.close();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'connection-lost' });
  });

  it('closes while it waits for a machine that is away', async () => {
    const host = await connect({ reconnectMs: 60_000 });
    await breakLine(host, () => server.halt());
    const waiting = problemFrom(host.spawn(['true']));
    await host.close();
    expect(await waiting).toMatchObject({ code: 'connection-lost' });
  });

  it('sends no environment and asks for no terminal', async () => {
    const host = await connect();
    const { stdout } = await run(host, ['sh', '-c', 'tty; env']);
    expect(stdout.toString()).toContain('not a tty');
    expect(stdout.toString()).not.toMatch(/^(?:LC_|SSH_TTY|SSH_AUTH_SOCK)/m);
  });

  it('says so when the server lets too few commands run side by side (F24)', async () => {
    await server.stop();
    server = await startSshd({ config: ['MaxSessions 1'] } satisfies SshdOptions);
    const host = await connect();
    const held = await host.spawn(['cat']);
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'sessions-refused' });
    held.stdin.end();
    held.stdout.resume();
    held.stderr.resume();
    expect(await held.exit).toEqual({ code: 0, signal: null });
    for (let count = 0; count < 30; count += 1) expect(await echo(host)).toBe('here\n');
  });

  it('needs no more than one login at a time, also when the line has to be opened again (F24)', async () => {
    await server.stop();
    server = await startSshd({ config: ['MaxStartups 1'] });
    const host = await connect();
    await breakLine(host, () => server.drop());
    expect(await Promise.all([echo(host), echo(host)])).toEqual(['here\n', 'here\n']);
  });

  it('goes on through changes of its session keys, in both directions', async () => {
    await server.stop();
    server = await startSshd({ config: ['RekeyLimit 1M'] });
    const host = await connect();
    const sent = Buffer.alloc(12 * 1024 * 1024, 'all work and no play ');
    const { stdout } = await run(host, ['cat'], { stdin: sent, maxBytes: sent.length });
    expect(stdout.equals(sent)).toBe(true);
  });

  describe('through a wire that can be cut', () => {
    let wire: Server;
    let passing = true;
    const ends: Socket[] = [];
    beforeEach(async () => {
      passing = true;
      wire = createServer((near) => {
        const far = connectTcp(server.port, '127.0.0.1');
        ends.push(near, far);
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          from.on('data', (chunk) => {
            if (passing) to.write(chunk);
          });
          from.on('close', () => to.destroy()).on('error', () => undefined);
        }
      }).listen(0, '127.0.0.1');
      await once(wire, 'listening');
    });
    afterEach(async () => {
      for (const end of ends.splice(0)) end.destroy();
      const closed = once(wire, 'close');
      wire.close();
      await closed;
    });

    const throughWire = (options: Partial<SshOptions>): Promise<SshHost> => {
      const { port } = wire.address() as AddressInfo;
      const pin = server.hostKeys[0]?.fingerprint ?? null;
      return connect({ port, hostKeyPin: pin, ...options });
    };

    it('is known to be dead when nothing comes any more, not even an answer (F18)', async () => {
      const host = await throughWire({ keepaliveMs: 60, keepaliveCount: 3 });
      const held = await host.spawn(['cat']);
      passing = false;
      const problem = await problemFrom(held.exit);
      expect(problem).toMatchObject({ code: 'connection-lost' });
      expect(problem.message).toContain('no sign of life for 0.18 s');
    });

    it('is alive as long as it answers, although no command says a word', async () => {
      const host = await throughWire({ keepaliveMs: 60, keepaliveCount: 3 });
      expect((await runOk(host, ['sh', '-c', 'sleep 1; echo still'])).stdout.toString()).toBe('still\n');
    });

    it('breaks when it is cut in the middle of a stream (F17)', async () => {
      const host = await throughWire({});
      const flood = await host.spawn(['cat', '/dev/zero']);
      let bytes = 0;
      flood.stderr.resume();
      flood.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > 3_000_000) for (const end of ends) end.resetAndDestroy();
      });
      expect(await problemFrom(flood.exit)).toMatchObject({ code: 'connection-lost' });
    });
  });

  it('keeps its credentials to itself', async () => {
    const host = await connect({ password: 'canary' });
    expect(JSON.stringify(host)).not.toContain('canary');
    expect(Object.keys(host)).toEqual(['label']);
    expect(host.label).toBe(`old machine (${server.user}@127.0.0.1)`);
    expect(join(server.folder, 'identity')).toBe(server.identity.path);
  });
});
