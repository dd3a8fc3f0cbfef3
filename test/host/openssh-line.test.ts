import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { fail } from '../../src/core/problem.ts';
import { OpenSshHost, type OpenSshOptions } from '../../src/host/openssh.ts';
import { run, runOk } from '../../src/host/run.ts';
import { openSshOptions, sshWords } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { REPOSITORY } from '../kit/repository.ts';
import { type Sshd, startSshd } from '../kit/sshd.ts';
import { waitFor } from '../kit/wait.ts';

describe('the line that an ssh of ours holds', () => {
  let server: Sshd;
  let runtime: string;
  const hosts: OpenSshHost[] = [];
  beforeEach(async () => {
    runtime = mkdtempSync(join(tmpdir(), 'np-run-'));
    server = await startSshd();
  });
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()));
    await server.stop();
    const left = readdirSync(runtime);
    rmSync(runtime, { recursive: true });
    expect(left).toEqual([]);
  });

  const connect = async (other: Partial<OpenSshOptions> = {}): Promise<OpenSshHost> => {
    const options = openSshOptions(server, other);
    const host = await OpenSshHost.connect({ ...options, env: { ...options.env, XDG_RUNTIME_DIR: runtime } });
    hosts.push(host);
    return host;
  };
  /** Breaks the line, and resolves when a command on it was lost. */
  const breakLine = async (host: Host, how: () => unknown): Promise<void> => {
    const held = await host.spawn(['cat']);
    await how();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
  };
  const echo = async (host: Host): Promise<string> => (await runOk(host, ['echo', 'here'])).stdout.toString();

  it('takes its Processes along when it breaks, streams and all', async () => {
    const host = await connect();
    const held = await host.spawn(['cat']);
    const reading = held.stdout.toArray();
    server.drop();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    expect(await problemFrom(reading)).toMatchObject({ code: 'connection-lost' });
    expect(held.stdin.destroyed && held.stderr.destroyed).toBe(true);
  });

  it('is opened again by the next command, once for all that wait, and not by who wants it steady', async () => {
    const host = await connect();
    const steady = host.steady();
    expect(await echo(steady)).toBe('here\n');
    await breakLine(host, () => server.drop());
    expect(await problemFrom(steady.spawn(['true']))).toMatchObject({ code: 'connection-lost' });
    expect(await Promise.all([echo(host), echo(host), echo(host)])).toEqual(['here\n', 'here\n', 'here\n']);
    expect(server.connections()).toHaveLength(1);
    expect(await problemFrom(steady.spawn(['true']))).toMatchObject({ code: 'connection-lost' });
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
    expect(problem.message).toContain('Connection refused');
  });

  it('lets the caller look at the machine before anything else is started on it, and refuse it (F27)', async () => {
    const seen: string[] = [];
    const strange = fail('machine-changed', { message: 'Another machine id.', hint: 'Look.' });
    const host = await connect({
      onReconnect: async (fresh) => {
        seen.push(await echo(fresh));
        if (seen.length > 1) throw strange;
      },
    });
    await breakLine(host, () => server.drop());
    expect(await echo(host)).toBe('here\n');
    await breakLine(host, () => server.drop());
    expect(await problemFrom(echo(host))).toEqual(strange.problem);
    expect(seen).toEqual(['here\n', 'here\n']);
  });

  it('closes while it waits for a machine that is away, and keeps nobody waiting who has given up', async () => {
    const host = await connect({ reconnectMs: 60_000 });
    await breakLine(host, () => server.halt());
    const stop = new AbortController();
    const reason = new Error('given up');
    const impatient = host.spawn(['true'], { signal: stop.signal });
    stop.abort(reason);
    await expect(impatient).rejects.toBe(reason);
    const waiting = problemFrom(host.spawn(['true']));
    await host.close();
    expect(await waiting).toMatchObject({ code: 'connection-lost' });
  });

  it('ends its Processes when it is closed, starts no more, and leaves nothing behind', async () => {
    const host = await connect();
    const held = await host.spawn(['cat']);
    await host.close();
    await host.close();
    expect(await problemFrom(held.exit)).toMatchObject({ code: 'connection-lost' });
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'connection-lost' });
    await waitFor('the server to have no guest', () => server.connections().length === 0);
    expect(readdirSync(runtime)).toEqual([]);
  });

  it('ends when the program that opened it is killed, and the next one clears away what it left', async () => {
    const { clock: _, ...options } = openSshOptions(server);
    const contents = `
      import { systemClock as clock } from './src/host/clock.ts';
      import { OpenSshHost } from './src/host/openssh.ts';
      const options = ${JSON.stringify(options)};
      OpenSshHost.connect({ ...options, env: { ...options.env, XDG_RUNTIME_DIR: '${runtime}' }, clock }).then(() => {
        console.log('connected');
      });`;
    const stdin = { contents, resolveDir: REPOSITORY };
    const { outputFiles } = await build({ stdin, bundle: true, write: false, platform: 'node' });
    const program = outputFiles[0]?.text ?? '';
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(server.connections()).toHaveLength(1);
    child.kill('SIGKILL');
    await waitFor('the line to end', () => server.connections().length === 0);
    expect(readdirSync(runtime)).toHaveLength(1);
    await connect();
    expect(readdirSync(runtime)).toHaveLength(1);
  });

  it('says so when the server lets too few commands run side by side (F24)', async () => {
    await server.stop();
    server = await startSshd({ config: ['MaxSessions 1'] });
    const host = await connect();
    const held = await host.spawn(['cat']);
    expect(await problemFrom(host.spawn(['true']))).toMatchObject({ code: 'sessions-refused' });
    held.stdin.end();
    held.stdout.resume();
    held.stderr.resume();
    expect(await held.exit).toEqual({ code: 0, signal: null });
    for (let count = 0; count < 30; count += 1) expect(await echo(host)).toBe('here\n');
  });

  it('passes on what a command left in the background says after its end, and how it ended', async () => {
    const host = await connect();
    const script = '(sleep 0.3; echo late >&2) & echo early >&2; exit 7';
    const { code, stderr } = await run(host, ['sh', '-c', script]);
    expect({ code, stderr: stderr.toString() }).toEqual({ code: 7, stderr: 'early\nlate\n' });
  });

  it('does not wait for what has let go of the outputs', async () => {
    const host = await connect();
    const daemon = 'setsid sleep 100 >/dev/null 2>&1 </dev/null & echo $!';
    const { code, stdout } = await run(host, ['sh', '-c', daemon], { timeoutMs: 10_000 });
    process.kill(Number(stdout.toString()), 'SIGKILL');
    expect(code).toBe(0);
  });

  it('tells how a command ended although nobody reads what it says', async () => {
    const host = await connect();
    const quiet = await host.spawn(['sh', '-c', 'echo much >&2; exit 5']);
    quiet.stdout.destroy();
    quiet.stderr.destroy();
    expect(await quiet.exit).toEqual({ code: 5, signal: null });
  });

  it.each([
    [255, { code: 255, signal: null }],
    [129, { code: null, signal: 'HUP' }],
    [141, { code: null, signal: 'PIPE' }],
  ])('takes the status %i for what it is', async (status, exit) => {
    const host = await connect();
    expect(await run(host, ['sh', '-c', `exit ${status}`])).toMatchObject(exit);
  });

  it('goes on through changes of its session keys, in both directions', async () => {
    await server.stop();
    server = await startSshd({ config: ['RekeyLimit 1M'] });
    const host = await connect();
    const sent = Buffer.alloc(12 * 1024 * 1024, 'all work and no play ');
    const { stdout } = await run(host, ['cat'], { stdin: sent, maxBytes: sent.length });
    expect(stdout.equals(sent)).toBe(true);
  });

  it('is known to be dead when nothing comes any more, not even an answer (F18)', async () => {
    let passing = true;
    const ends: Socket[] = [];
    const wire: Server = createServer((near) => {
      const far = connectTcp(server.port, '127.0.0.1');
      ends.push(near, far);
      near.on('data', (chunk) => passing && far.write(chunk)).on('error', () => undefined);
      far.on('data', (chunk) => passing && near.write(chunk)).on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(wire, 'listening');
    const { port } = wire.address() as AddressInfo;
    const host = await connect({
      args: sshWords({ ...server, port }, '-i', server.identity.path),
      hostKeyPin: server.hostKeys[0]?.fingerprint ?? null,
      keepaliveMs: 1000,
      keepaliveCount: 1,
    });
    const held = await host.spawn(['cat']);
    passing = false;
    const problem = await problemFrom(held.exit);
    expect(problem).toMatchObject({ code: 'connection-lost' });
    expect(problem.message).toContain('(Timeout, server 127.0.0.1 not responding.)');
    for (const end of ends) end.destroy();
    wire.close();
  });

  it('keeps its credentials to itself', async () => {
    const host = await connect({ password: 'canary' });
    expect(JSON.stringify(host)).not.toContain('canary');
    expect(host.label).toBe(`old machine (${server.user}@127.0.0.1)`);
  });
});
