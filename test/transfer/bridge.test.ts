import { once } from 'node:events';
import { lstat, readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Exit, Host, Process, SpawnOptions } from '../../src/core/host.ts';
import { fail } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { Deferred } from '../../src/host/deferred.ts';
import { openBridge, type Bridge } from '../../src/transfer/bridge.ts';
import { makeBridgeFolder, type BridgeFolder } from '../../src/transfer/bridge-folder.ts';

const ARGV = ['old', 'rsync', '--server', '--sender', '-slHtpre.LsfxCIvu'];
const MIB = 1024 * 1024;

let folder: BridgeFolder;
let bridge: Bridge;
let old: FakeHost;

/** A Host whose one Process is moved by hand. */
class FakeHost implements Host {
  readonly label = 'old';
  readonly asked: { argv: readonly string[]; options: SpawnOptions }[] = [];
  readonly exit = new Deferred<Exit>();
  readonly spawned = new Deferred<void>();
  readonly stderr = new PassThrough();
  /** What was said to the Process. */
  readonly heard = new PassThrough();
  stdin: Writable = this.heard;
  stdout: Readable = new PassThrough();

  spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    this.asked.push({ argv, options });
    options.signal?.addEventListener('abort', () => this.end({ code: null, signal: 'TERM' }));
    this.spawned.resolve();
    const { stdin, stdout, stderr } = this;
    return Promise.resolve({ stdin, stdout, stderr, exit: this.exit.promise, kill: () => undefined });
  }

  end(exit: Exit): void {
    this.stdout.push(null);
    this.stderr.end();
    this.exit.resolve(exit);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

beforeEach(async () => {
  folder = await makeBridgeFolder(null);
  old = new FakeHost();
  bridge = await openBridge({ old, cwd: '/old/root', rsync: '/opt/rsync', folder, clock: systemClock });
});
afterEach(async () => {
  await bridge.close();
  await folder.remove();
});

async function dial(header: object | string): Promise<Socket> {
  const socket = connect({ path: folder.socketPath, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write(typeof header === 'string' ? header : `${JSON.stringify(header)}\n`);
  return socket;
}

const dialData = () => dial({ role: 'data', token: folder.token });
const dialControl = (argv = ARGV) => dial({ role: 'control', token: folder.token, argv });

/** Resolves when the other side hangs up, whether it has read what was sent or not. */
function closedOn(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('end', resolve).on('close', resolve).resume());
}

describe('the bridge', () => {
  // F59
  it('listens on a 0600 socket in a 0700 folder', async () => {
    expect((await lstat(folder.path)).mode & 0o7777).toBe(0o700);
    expect((await lstat(folder.socketPath)).mode & 0o7777).toBe(0o600);
    expect((await readdir(folder.path)).sort()).toEqual(['rsh.cjs', 'sock', 'token']);
  });

  it('starts the sending rsync in the old root, carries bytes both ways, and tells the exit code', async () => {
    const data = await dialData();
    const control = await dialControl();
    await old.spawned.promise;
    expect(old.asked[0]).toMatchObject({
      argv: ['/opt/rsync', '--server', '--sender', ARGV[4]],
      options: { cwd: '/old/root' },
    });
    data.end('to the old machine');
    expect(await text(old.heard)).toBe('to the old machine');
    old.stdout.push('from the old machine');
    old.stderr.write('a word\x1b[31m\n');
    old.end({ code: 23, signal: null });
    expect(await text(data)).toBe('from the old machine');
    expect(JSON.parse(await text(control))).toEqual({ code: 23 });
    expect(await bridge.close()).toEqual({ kind: 'exited', exit: { code: 23, signal: null } });
    expect(bridge.errors()).toEqual(['a word\\x1b[31m']);
    expect(bridge.bytes()).toBeGreaterThan(38);
  });

  it('passes on what came in one piece with the header', async () => {
    const data = await dial(`${JSON.stringify({ role: 'data', token: folder.token })}\nfirst bytes`);
    await dialControl();
    await old.spawned.promise;
    data.end();
    expect(await text(old.heard)).toBe('first bytes');
  });

  it.each([
    'x\n',
    '{"role":"data","token":"wrong"}\n',
    `${JSON.stringify({ role: 'control', token: '', argv: ARGV })}\n`,
    'y'.repeat(100_000),
  ])('closes on whoever does not know the token (%#), and goes on', async (header) => {
    const stranger = await dial(header);
    await closedOn(stranger);
    await dialData();
    await dialControl();
    await old.spawned.promise;
  });

  it('takes one session and no second', async () => {
    await dialData();
    await dialControl();
    await old.spawned.promise;
    for (const second of [await dialData(), await dialControl()]) await closedOn(second);
    expect(old.asked.length).toBe(1);
  });

  it('starts nothing but a sending rsync', async () => {
    const asked = ['old', 'sh', '-c', 'id'];
    await dialData();
    const control = await dialControl(asked);
    expect(JSON.parse(await text(control))).toEqual({ code: 255 });
    expect(old.asked).toEqual([]);
    expect(await bridge.close()).toEqual({ kind: 'refused', asked });
  });

  it('ends the Process on the old machine when the remote shell is gone', async () => {
    await dialData();
    const control = await dialControl();
    await old.spawned.promise;
    control.destroy();
    expect(await old.exit.promise).toEqual({ code: null, signal: 'TERM' });
  });

  it('ends the Process on the old machine when it is closed', async () => {
    await dialData();
    await dialControl();
    await old.spawned.promise;
    expect(await bridge.close()).toEqual({ kind: 'exited', exit: { code: null, signal: 'TERM' } });
    expect(await bridge.close()).toEqual({ kind: 'exited', exit: { code: null, signal: 'TERM' } });
  });

  it('says that nothing was started when nobody came', async () => {
    expect(await bridge.close()).toEqual({ kind: 'not-started' });
  });

  it('keeps the reason when the connection is lost', async () => {
    const data = await dialData();
    const control = await dialControl();
    await old.spawned.promise;
    const error = fail('connection-lost', { message: 'x', hint: 'y' });
    old.stdout.destroy(error);
    old.stderr.destroy();
    old.exit.reject(error);
    await text(data);
    expect(JSON.parse(await text(control))).toEqual({ code: 255 });
    expect(await bridge.close()).toEqual({ kind: 'failed', error });
  });

  it('holds back a fast old machine when rsync reads slowly', async () => {
    let produced = 0;
    old.stdout = new Readable({
      read() {
        produced += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    const data = await dialData();
    await dialControl();
    await old.spawned.promise;
    const [first] = (await once(data, 'data')) as [Buffer];
    data.pause();
    expect(first.length).toBeGreaterThan(0);
    const settled = await untilSteady(() => produced);
    expect(settled).toBeLessThan(4 * MIB);
    data.resume();
    await untilMore(() => produced, settled + 8 * MIB);
    old.exit.resolve({ code: 0, signal: null });
  });

  it('holds back a fast rsync when the old machine reads slowly', async () => {
    let taken = 0;
    const waiting: (() => void)[] = [];
    old.stdin = new Writable({
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length;
        waiting.push(done);
      },
    });
    const data = await dialData();
    await dialControl();
    let offered = 0;
    const source = new Readable({
      read() {
        offered += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    source.pipe(data);
    await old.spawned.promise;
    expect(await untilSteady(() => offered)).toBeLessThan(4 * MIB);
    expect(taken).toBeLessThan(MIB);
    expect(waiting.length).toBe(1);
    source.destroy();
  });
});

/** The value once it has not changed over many turns of the event loop. */
async function untilSteady(value: () => number): Promise<number> {
  for (let last = -1, same = 0; ; last = value()) {
    same = value() === last ? same + 1 : 0;
    if (same === 20) return last;
    await systemClock.sleep(5);
  }
}

async function untilMore(value: () => number, wanted: number): Promise<void> {
  while (value() < wanted) await systemClock.sleep(5);
}
