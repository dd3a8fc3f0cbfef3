import { EventEmitter } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import type { EventBody } from '../../src/core/event.ts';
import { systemClock } from '../../src/host/clock.ts';
import { startDaemon, type Daemon } from '../kit/daemon.ts';
import type { DaemonOrder } from '../kit/daemon-order.ts';
import { waitFor } from '../kit/wait.ts';
import { movedJournal, RUN, surroundings } from './sample.ts';

const LATER = '20261122-150000-abcd';
const FINISHED: EventBody = {
  type: 'run.finished',
  outcome: 'moved',
  running: 'new',
  exitCode: 0,
  downtimeMs: 9,
  problem: null,
};

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'np-daemon-cli-'));
  makeRun(RUN);
});
afterEach(() => rmSync(home, { recursive: true }));

const folderOf = (run: string): string => join(home, '.local/state/neo-pull/runs', run);

/** A run that has staged. */
function makeRun(run: string): void {
  mkdirSync(folderOf(run), { recursive: true, mode: 0o700 });
  const events = movedJournal().slice(0, 6);
  writeFileSync(
    join(folderOf(run), 'journal.ndjson'),
    events.map((event) => `${JSON.stringify({ ...event, run })}\n`).join(''),
  );
}

function daemon(order: Partial<DaemonOrder> = {}): Promise<Daemon> {
  return startDaemon({ run: { id: RUN, path: folderOf(RUN) }, uid: process.getuid?.() ?? 0, ...order });
}

/** Runs a command line; what it has printed so far can be read while it runs. */
function call(argv: readonly string[], more: Partial<Surroundings> = {}) {
  const streams = surroundings(argv, { home, clock: systemClock, ...more });
  return { ...streams, code: runProgram(streams.around) };
}

async function neoPull(...argv: string[]) {
  const { code, stdout, stderr } = call(argv);
  return { code: await code, stdout: stdout(), stderr: stderr() };
}

function events(stdout: string): { type: string }[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string });
}

describe('pause, continue and stop', () => {
  it('tell the neo-pull that follows, and say that it took the order', async () => {
    const { ended } = await daemon();
    const paused = await neoPull('pause');
    expect(paused).toEqual({
      code: 0,
      stdout: expect.stringContaining(`Run ${RUN}: it is paused.`) as string,
      stderr: '',
    });
    expect((await neoPull('status')).stdout).toContain('is paused');
    const { code, stdout } = await neoPull('continue', RUN.slice(0, 12), '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ v: 1, phase: 'following' })]);
    expect((await neoPull('stop')).stdout).toContain('The copy is kept');
    expect(await ended).toBe(0);
    expect((await neoPull('stop')).code).toBe(2);
  });

  it.each(['pause', 'continue', 'stop'])('%s is exit code 2 where nobody follows', async (order) => {
    const { code, stdout, stderr } = await neoPull(order);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`No neo-pull follows for run ${RUN}`);
    expect(stderr).toContain('Changed  Nothing');
  });

  it('name the run that is followed where it is not the latest', async () => {
    await daemon();
    makeRun(LATER);
    const { code, stderr } = await neoPull('pause');
    expect([code, stderr]).toEqual([2, expect.stringContaining(`neo-pull pause ${RUN}`)]);
  });

  // F59
  it('say nothing to a socket that others may use', async () => {
    const running = await daemon();
    const { socket } = JSON.parse(readFileSync(join(folderOf(RUN), 'control.json'), 'utf8')) as { socket: string };
    chmodSync(socket, 0o666);
    const { code, stderr } = await neoPull('stop');
    expect([code, stderr]).toEqual([2, expect.stringContaining('is open to others')]);
    chmodSync(socket, 0o600);
    expect((await neoPull('pause')).code).toBe(0);
    await running.saw('order pause');
    expect(running.said).not.toContain('order stop');
  });
});

describe('status', () => {
  it('shows what a neo-pull that follows does, on one screen', async () => {
    const { pid } = await daemon();
    const { code, stdout } = await neoPull('status');
    expect(code).toBe(0);
    expect(stdout).toContain(`Run ${RUN}: olga@old.example`);
    expect(stdout).toContain(`follows the old machine (watcher; pid ${String(pid)}`);
    expect(stdout).toContain('would be down for about 1.2 s');
    expect(stdout.match(/^Next:$/gm)).toHaveLength(1);
    expect(stdout.split('\n').length).toBeLessThan(25);
  });

  it('has it whole under --json, and null where nobody follows', async () => {
    expect(JSON.parse((await neoPull('status', '--json')).stdout)).toMatchObject({
      run: RUN,
      follow: null,
      followProblem: null,
    });
    const { pid } = await daemon();
    expect(JSON.parse((await neoPull('status', '--json')).stdout)).toMatchObject({
      run: RUN,
      follow: { v: 1, pid, phase: 'following', engine: 'watcher', forecast: { totalMs: 1200 } },
    });
  });

  it('does not wait for one that hangs, and says so', async () => {
    const hanging = await daemon();
    hanging.signal('SIGSTOP');
    const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
    const { code, stdout } = call(['status'], { clock });
    expect(await code).toBe(0);
    expect(stdout()).toContain(`pid ${String(hanging.pid)}) has not answered`);
    expect(stdout()).toContain('Gateway');
    hanging.signal('SIGCONT');
  });
});

describe('cutover, where a neo-pull follows,', () => {
  it('sends it the order, tells what it tells, and ends with its exit code', async () => {
    const degraded: EventBody = { ...FINISHED, exitCode: 14 };
    const running = await daemon({ cutover: [{ type: 'notice', message: 'Now it goes' }, degraded] });
    const { code, stdout, stderr } = await neoPull('cutover', '--yes', '--force', '--paranoid', '--when-idle', '60s');
    expect(code).toBe(14);
    expect(stderr).toContain('Now it goes');
    expect(stdout).toContain('Moved, with something to look at.');
    await running.saw('order cutover');
    const { follow } = JSON.parse((await neoPull('status', '--json')).stdout) as { follow: { note: string } };
    expect(JSON.parse(follow.note)).toEqual({
      ...{ order: 'cutover', at: null, whenIdleMs: 60_000, force: true, paranoid: true, yes: true },
    });
    expect(existsSync(join(folderOf(RUN), 'log.ndjson'))).toBe(false);
  });

  it('prints its events alone with --json, the end last', async () => {
    await daemon({ cutover: [{ type: 'notice', message: 'a' }, FINISHED] });
    const { code, stdout } = await neoPull('cutover', '--yes', '--json', '--at', '+1h');
    expect([code, events(stdout).map(({ type }) => type)]).toEqual([0, ['notice', 'run.finished']]);
  });

  it('asks its question here, and sends nothing without a yes', async () => {
    const running = await daemon({ cutover: [FINISHED] });
    const { code, stderr } = await neoPull('cutover');
    expect([code, stderr]).toEqual([12, expect.stringContaining('--yes')]);
    expect((await neoPull('pause')).code).toBe(0);
    await running.saw('order pause');
    expect(running.said).not.toContain('order cutover');
  });

  it('is left by Ctrl-C without ending anything', async () => {
    const running = await daemon({ cutover: [{ type: 'notice', message: 'first' }, FINISHED], waitsAfter: 1 });
    const signals = new EventEmitter();
    const { code, stdout, stderr } = call(['cutover', '--yes'], { signals });
    await waitFor('the first event', () => stderr().includes('first'));
    signals.emit('SIGINT');
    expect(await code).toBe(130);
    expect(stderr()).toContain('goes on without you');
    expect(stderr()).toContain('Changed  Nothing by this');
    expect(stderr()).not.toContain('safe end');
    expect(stdout()).toBe('');
    await running.saw('gone cutover');
    expect((await neoPull('status')).stdout).toContain('cuts over now');
    running.goOn();
  });

  it('says under --json, too, that only the watching ended, and ends as it was told to', async () => {
    const running = await daemon({ cutover: [{ type: 'notice', message: 'first' }, FINISHED], waitsAfter: 1 });
    const signals = new EventEmitter();
    const { code, stdout } = call(['cutover', '--yes', '--json'], { signals });
    await waitFor('the first event', () => stdout().includes('first'));
    signals.emit('SIGTERM');
    expect(await code).toBe(143);
    const end = { type: 'run.finished', outcome: 'interrupted', run: '', exitCode: 143, problem: { code: 'detached' } };
    expect(events(stdout()).at(-1)).toMatchObject(end);
    await running.saw('gone cutover');
  });

  it('is exit code 10 when that one dies in the middle, with where to look', async () => {
    const running = await daemon({ cutover: [{ type: 'notice', message: 'first' }, FINISHED], waitsAfter: 1 });
    const { code, stdout, stderr } = call(['cutover', '--yes', '--json']);
    await waitFor('the first event', () => stdout().includes('first'));
    running.signal('SIGKILL');
    expect(await code).toBe(10);
    expect(stderr()).toContain(`neo-pull resume ${RUN}`);
    expect(events(stdout()).at(-1)).toMatchObject({
      type: 'run.finished',
      problem: { code: 'daemon-lost' },
      exitCode: 10,
    });
  });

  it('has no step of it fail on purpose', async () => {
    await daemon({ cutover: [FINISHED] });
    const { code, stderr } = await neoPull('cutover', '--yes', '--fail-step', 'swap');
    expect([code, stderr]).toEqual([2, expect.stringContaining('neo-pull stop')]);
  });
});

describe('cutover, where nobody follows,', () => {
  it.each([
    [['--at', '03:00'], '--at needs'],
    [['--when-idle', '60s'], '--when-idle needs'],
    [['--at', 'noon'], '--at is "noon"'],
    [['--when-idle', 'soon'], '--when-idle is "soon"'],
  ])('is refused with %j', async (flags, words) => {
    const { code, stdout, stderr } = await neoPull('cutover', '--yes', ...flags);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(words)]);
  });
});
