import { chmod, lstat, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { Answer, FollowStatus, Order } from '../../src/core/order.ts';
import { fail } from '../../src/core/problem.ts';
import type { RunFolder } from '../../src/core/step.ts';
import { daemonOf, sendOrder } from '../../src/run/control-client.ts';
import { openControl, type Control } from '../../src/run/control-server.ts';
import type { Handle } from '../../src/run/control-session.ts';
import { ownIdentity } from '../../src/run/process-identity.ts';
import { startDaemon } from '../kit/daemon.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { waitFor } from '../kit/wait.ts';
import { tempFolder } from './temp-folder.ts';

const UID = process.getuid?.() ?? -1;
const CUTOVER: Order = { order: 'cutover', at: null, whenIdleMs: null, force: false, paranoid: false, yes: true };
const STATUS: FollowStatus = {
  ...{ v: 1, pid: 4711, since: '2026-11-22T14:00:00.000Z', phase: 'following', engine: 'watcher', rounds: 3 },
  ...{ lastRoundAt: null, lastFullAt: null, pending: 0, dirtyBytesPerSecond: 0, bytesPerSecond: null },
  ...{ forecast: null, converged: false, note: null },
};
const WELL: Answer = { ok: true, status: STATUS };

async function newRun(below = ''): Promise<RunFolder> {
  const path = join(await tempFolder(), below, '20261122-140000-k3f9');
  await mkdir(path, { recursive: true, mode: 0o700 });
  return { id: '20261122-140000-k3f9', path };
}

async function serve(run: RunFolder, handle: Handle = () => Promise.resolve(WELL)): Promise<Control> {
  const control = await openControl(run, { uid: UID }, handle);
  onTestFinished(() => control.close());
  return control;
}

function ask(run: RunFolder, order: Order = { order: 'status' }, onEvent?: (event: Event) => void): Promise<Answer> {
  return sendOrder(run, order, { signal: new AbortController().signal, ...(onEvent && { onEvent }) });
}

function notice(seq: number, message = ''): Event {
  return { v: 1, seq, ts: '2026-11-22T14:00:00.000Z', run: 'r', type: 'notice', message };
}

const FINISHED: Event = {
  ...{ v: 1, seq: 99, ts: '2026-11-22T14:00:00.000Z', run: 'r', type: 'run.finished' },
  ...{ outcome: 'moved', running: 'new', exitCode: 0, downtimeMs: 1, problem: null },
};

/** Where the record of the run says that the socket lies. */
async function socketOf(run: RunFolder): Promise<string> {
  return (JSON.parse(await readFile(join(run.path, 'control.json'), 'utf8')) as { socket: string }).socket;
}

async function raw(run: RunFolder): Promise<Socket> {
  const socket = connect(await socketOf(run));
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function mode(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o7777;
}

describe('the control socket', () => {
  // F59
  it('is 0600 in a 0700 folder, and where it lies stands in a 0600 file of the run', async () => {
    const run = await newRun();
    const control = await serve(run);
    const socket = await socketOf(run);
    expect([await mode(socket), await mode(dirname(socket)), await mode(join(run.path, 'control.json'))]).toEqual([
      0o600, 0o700, 0o600,
    ]);
    expect(dirname(dirname(socket))).toBe(run.path);
    await control.close();
    await control.close();
    expect(await readdir(run.path)).toEqual([]);
  });

  it('lies in /tmp when the folder of the run has too long a name for a socket', async () => {
    const run = await newRun('x'.repeat(120));
    const control = await serve(run);
    const folder = dirname(await socketOf(run));
    expect([dirname(folder), await mode(folder)]).toEqual(['/tmp', 0o700]);
    expect(await ask(run)).toEqual(WELL);
    await control.close();
    expect(await readdir(run.path)).toEqual([]);
    await expect(lstat(folder)).rejects.toThrow('ENOENT');
  });

  it('says which process it is', async () => {
    const run = await newRun();
    expect(await daemonOf(run)).toBeNull();
    const control = await serve(run);
    expect(await daemonOf(run)).toEqual(await ownIdentity());
    expect((await problemFrom(openControl(run, { uid: UID }, () => Promise.resolve(WELL)))).code).toBe('locked');
    await control.close();
    expect(await daemonOf(run)).toBeNull();
  });

  it('answers several clients at once, each with its own answer', async () => {
    const run = await newRun();
    const waiting: (() => void)[] = [];
    await serve(run, async ({ order }) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { ok: true, status: { ...STATUS, note: order } };
    });
    const orders = (['status', 'pause', 'continue', 'stop'] as const).map((order) => ask(run, { order }));
    await waitFor('all orders', () => waiting.length === 4);
    for (const goOn of waiting.reverse()) goOn();
    const notes = (await Promise.all(orders)).map((answer) => answer.ok && answer.status.note);
    expect(notes).toEqual(['status', 'pause', 'continue', 'stop']);
  });

  it('answers with the Problem that an order met', async () => {
    const run = await newRun();
    const thrown = fail('run-not-ready', { message: 'm', hint: 'h' });
    await serve(run, () => Promise.reject(thrown));
    expect(await ask(run)).toEqual({ ok: false, problem: thrown.problem });
    expect(await ask(run, CUTOVER)).toEqual({ ok: false, problem: thrown.problem });
  });

  it('tells every event to who ordered a cutover, from the order to the end of the run, and to nobody else', async () => {
    const run = await newRun();
    const control = await serve(run, ({ order }, tell) => {
      if (order === 'cutover') control.tell(notice(1));
      tell(notice(2, 'only you'));
      return Promise.resolve(WELL);
    });
    const [heard, aside]: [Event[], Event[]] = [[], []];
    const moving = ask(run, CUTOVER, (event) => heard.push(event));
    await waitFor('the order', () => heard.length === 2);
    expect(await ask(run, { order: 'status' }, (event) => aside.push(event))).toEqual(WELL);
    for (const event of [notice(3), FINISHED, notice(100)]) control.tell(event);
    expect(await moving).toEqual(WELL);
    expect(heard).toEqual([notice(1), notice(2, 'only you'), notice(3), FINISHED]);
    expect(aside).toEqual([notice(2, 'only you')]);
  });

  it('is left by a client without ending anything: the order goes on, and is told that nobody listens', async () => {
    const run = await newRun();
    const away = new AbortController();
    let gone: AbortSignal | null = null;
    let ends: (answer: Answer) => void = () => undefined;
    const control = await serve(run, ({ order }, _tell, signal) => {
      if (order !== 'cutover') return Promise.resolve(WELL);
      gone = signal;
      return new Promise<Answer>((resolve) => (ends = resolve));
    });
    const detached = sendOrder(run, CUTOVER, { signal: away.signal });
    await waitFor('the order', () => gone);
    away.abort(new Error('Ctrl-C'));
    await expect(detached).rejects.toThrow('Ctrl-C');
    await waitFor('the end of the line', () => gone?.aborted);
    for (const event of [notice(1), FINISHED]) control.tell(event);
    ends(WELL);
    expect(await ask(run)).toEqual(WELL);
  });

  it('never waits for a client that does not read, and lets it go in the end', async () => {
    const run = await newRun();
    let orders = 0;
    const control = await serve(run, () => ((orders += 1), Promise.resolve(WELL)));
    const slow = await raw(run);
    slow.pause().on('error', () => undefined);
    slow.write(`${JSON.stringify({ v: 1, order: CUTOVER })}\n`);
    const heard: Event[] = [];
    const quick = ask(run, CUTOVER, (event) => heard.push(event));
    await waitFor('both orders', () => orders === 2);
    const text = 'x'.repeat(1 << 20);
    for (let seq = 1; seq <= 20; seq += 1) {
      control.tell(notice(seq, text));
      await waitFor('the quick one', () => heard.length === seq);
    }
    control.tell(FINISHED);
    expect(await quick).toEqual(WELL);
    let bytes = 0;
    slow.on('data', (piece: Buffer) => (bytes += piece.length)).resume();
    await waitFor('the end of the slow one', () => slow.closed);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(12 << 20);
  });

  it('brings what it has said to its readers before it closes, and waits for nobody else', async () => {
    const run = await newRun();
    const open: { control?: Control } = {};
    open.control = await serve(run, async ({ order }) => {
      if (order === 'stop') void open.control?.close();
      await new Promise((resolve) => setImmediate(resolve));
      return WELL;
    });
    // It never ends its half of the line, and never says what it wants.
    const silent = connect({ path: await socketOf(run), allowHalfOpen: true }).resume();
    onTestFinished(() => void silent.destroy());
    await once(silent, 'connect');
    expect(await ask(run, { order: 'stop' })).toEqual(WELL);
    await open.control.close();
    expect((await problemFrom(ask(run))).code).toBe('daemon-not-running');
    expect(await readdir(run.path)).toEqual([]);
  });

  it('lets go of who says nothing, who keeps the line open after the answer, and who does not read it', async () => {
    const run = await newRun();
    const lines: AbortSignal[] = [];
    await serve(run, (_order, _tell, signal) => {
      lines.push(signal);
      return Promise.resolve({ ok: true, status: { ...STATUS, note: 'x'.repeat(4 << 20) } });
    });
    const path = await socketOf(run);
    const leaveOpen = async (said: string): Promise<Socket> => {
      const socket = connect({ path, allowHalfOpen: true });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(said);
      return socket;
    };
    const order = '{"v":1,"order":{"order":"status"}}\n';
    const mute = (await leaveOpen(' ')).resume();
    (await leaveOpen(order)).resume();
    await waitFor('the end of the first line', () => lines[0]?.aborted);
    (await leaveOpen(order)).pause();
    await waitFor('the end of the second line', () => lines[1]?.aborted);
    await waitFor('the end of the mute one', () => mute.readableEnded);
    expect(await ask(run)).toMatchObject({ ok: true });
  });

  it.each([
    ['an unknown order', '{"v":1,"order":{"order":"reboot"}}\n'],
    ['another version', '{"v":7,"order":{"order":"status"}}\n'],
    ['no JSON', 'GET / HTTP/1.1\r\n\r\n'],
    ['a line without an end', 'x'.repeat(70_000)],
  ])('answers %s with a Problem, and goes on', async (_what, text) => {
    const run = await newRun();
    const orders: Order[] = [];
    await serve(run, (order) => (orders.push(order), Promise.resolve(WELL)));
    const socket = await raw(run);
    socket.write(text);
    let said = '';
    socket.on('data', (piece: Buffer) => (said += piece.toString()));
    await once(socket, 'close');
    expect(JSON.parse(said)).toMatchObject({ v: 1, answer: { ok: false, problem: { code: 'order-unknown' } } });
    expect(orders).toEqual([]);
    expect(await ask(run)).toEqual(WELL);
  });

  it('takes one order from a line, whatever comes behind it', async () => {
    const run = await newRun();
    const orders: string[] = [];
    await serve(run, ({ order }) => (orders.push(order), Promise.resolve(WELL)));
    const socket = await raw(run);
    socket.write('{"v":1,"order":{"order":"pause"}}\n{"v":1,"order":{"order":"stop"}}\nrubbish');
    await once(socket.resume(), 'close');
    expect(orders).toEqual(['pause']);
  });
});

describe('an order', () => {
  it('goes nowhere where no daemon runs', async () => {
    const { code, hint } = await problemFrom(ask(await newRun()));
    expect(code).toBe('daemon-not-running');
    expect(hint).toContain('neo-pull status 20261122-140000-k3f9');
  });

  it('whose signal has aborted already is not sent', async () => {
    const run = await newRun();
    const orders: Order[] = [];
    await serve(run, (order) => (orders.push(order), Promise.resolve(WELL)));
    const signal = AbortSignal.abort(new Error('before'));
    await expect(sendOrder(run, { order: 'stop' }, { signal })).rejects.toThrow('before');
    expect(orders).toEqual([]);
  });

  it.each([
    [
      'a link',
      async (path: string) => (await rename(path, `${path}.real`), symlink(`${path}.real`, path)),
      'symbolic link',
    ],
    ['open to the group', (path: string) => chmod(path, 0o770), 'is open to others'],
    ['open to be looked into', (path: string) => chmod(path, 0o701), 'is open to others'],
    ['in a folder that the group may write', (path: string) => chmod(dirname(path), 0o770), 'others may exchange it'],
    ['around a socket that the group may use', (path: string) => chmod(join(path, 'sock'), 0o660), 'is open to others'],
    [
      'around no socket',
      async (path: string) => (await rename(join(path, 'sock'), join(path, 's')), writeFile(join(path, 'sock'), '')),
      'is not a socket',
    ],
  ])('is not sent into a folder that is %s', async (_what, spoil, why) => {
    const run = await newRun();
    const orders: Order[] = [];
    await serve(run, (order) => (orders.push(order), Promise.resolve(WELL)));
    const folder = dirname(await socketOf(run));
    await spoil(folder);
    const { code, message, hint } = await problemFrom(ask(run, { order: 'stop' }));
    await chmod(run.path, 0o700);
    expect([code, orders]).toEqual(['control-unsafe', []]);
    expect(message).toContain(why);
    expect(hint).toContain(folder);
  });

  // F58
  it.each([
    [
      'a link',
      async (path: string) => (await rename(path, `${path}.real`), symlink(`${path}.real`, path)),
      'symbolic link',
    ],
    ['open to others', (path: string) => chmod(path, 0o644), 'is open to others'],
    ['no record', (path: string) => writeFile(path, '{"v":1}'), 'not written by neo-pull'],
    ['no JSON', (path: string) => writeFile(path, '{'), 'not written by neo-pull'],
    ['too large', (path: string) => writeFile(path, ' '.repeat(5000)), 'far too large'],
  ])('is not led anywhere by a record that is %s', async (_what, spoil, why) => {
    const run = await newRun();
    await serve(run);
    await spoil(join(run.path, 'control.json'));
    const { code, message } = await problemFrom(ask(run));
    expect(code).toBe('control-unsafe');
    expect(message).toContain(why);
  });

  it.each([
    ['rubbish', 'rubbish\n'],
    ['words of a later version', '{"v":2,"answer":{"ok":true}}\n'],
    ['nothing', ''],
  ])('that is answered with %s ends with a Problem', async (_what, text) => {
    const run = await newRun();
    const control = await serve(run);
    const path = await socketOf(run);
    await rename(path, `${path}.away`);
    const server = createServer((socket) => socket.on('error', () => undefined).end(text));
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await chmod(path, 0o600);
    expect((await problemFrom(ask(run, CUTOVER))).code).toBe('daemon-lost');
    expect((await problemFrom(ask(run))).code).toBe(text === '' ? 'daemon-not-running' : 'order-unknown');
    await control.close();
  });
});

describe('a daemon', () => {
  const finished = {
    type: 'run.finished',
    outcome: 'moved',
    running: 'new',
    exitCode: 0,
    downtimeMs: 9,
    problem: null,
  } as const;

  it('of another process takes orders and tells of its cutover', async () => {
    const run = await newRun();
    const daemon = await startDaemon({ run, uid: UID, cutover: [{ type: 'notice', message: 'now' }, finished] });
    expect((await daemonOf(run))?.pid).toBe(daemon.pid);
    expect(await ask(run, { order: 'pause' })).toMatchObject({
      ok: true,
      status: { pid: daemon.pid, phase: 'paused' },
    });
    const types: string[] = [];
    expect(await ask(run, CUTOVER, ({ type }) => types.push(type))).toMatchObject({ ok: true });
    expect(types).toEqual(['notice', 'run.finished']);
    expect(await ask(run, { order: 'stop' })).toMatchObject({ ok: true });
    expect(await daemon.ended).toBe(0);
    expect(await readdir(run.path)).toEqual([]);
  });

  it.each([
    ['beside its journal', ''],
    ['elsewhere', 'x'.repeat(120)],
  ])('that was killed leaves nothing that holds the next one up: its socket %s', async (_where, below) => {
    const run = await newRun(below);
    const killed = await startDaemon({ run, uid: UID });
    const left = dirname(await socketOf(run));
    killed.signal('SIGKILL');
    await killed.ended;
    expect((await stat(left)).isDirectory()).toBe(true);
    expect(await daemonOf(run)).toBeNull();
    expect((await problemFrom(ask(run))).code).toBe('daemon-not-running');
    const next = await startDaemon({ run, uid: UID });
    expect(await ask(run)).toMatchObject({ ok: true, status: { pid: next.pid } });
    await expect(stat(left)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['whose pid is used again', { startTime: '1' }],
    ['of another boot', { bootId: 'another' }],
  ])('%s is none', async (_what, identity) => {
    const run = await newRun();
    const record = { v: 1, ...(await ownIdentity()), ...identity, socket: join(run.path, 'gone/sock') };
    await writeFile(join(run.path, 'control.json'), JSON.stringify(record), { mode: 0o600 });
    expect(await daemonOf(run)).toBeNull();
    await serve(run);
    expect(await ask(run)).toEqual(WELL);
  });

  it('that dies in the middle of a cutover is told as lost, with the ways on', async () => {
    const run = await newRun();
    const daemon = await startDaemon({ run, uid: UID, cutover: [{ type: 'run.down' }, finished], waitsAfter: 1 });
    const heard: Event[] = [];
    const moving = problemFrom(ask(run, CUTOVER, (event) => heard.push(event)));
    await waitFor('the stop', () => heard.length === 1);
    daemon.signal('SIGKILL');
    const { code, message, hint } = await moving;
    expect([code, message]).toEqual(['daemon-lost', expect.stringContaining('before its cutover was through')]);
    expect(hint).toContain(`neo-pull resume ${run.id}`);
  });

  it('is not begun where others may write', async () => {
    const run = await newRun();
    await chmod(run.path, 0o770);
    expect((await problemFrom(serve(run))).code).toBe('option-invalid');
    await chmod(run.path, 0o700);
    expect((await problemFrom(openControl(run, { uid: UID + 1 }, () => Promise.resolve(WELL)))).code).toBe(
      'option-invalid',
    );
    expect(await readdir(run.path)).toEqual([]);
  });
});
