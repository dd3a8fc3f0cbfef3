import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { systemClock } from '../../src/host/clock.ts';
import { acquireLock, lockHolder, type Lock, type LockHolder, type LockRequest } from '../../src/run/lock.ts';
import { isAlive, ownIdentity } from '../../src/run/process-identity.ts';
import type { StateHome } from '../../src/run/runs.ts';
import { bundle } from './bundle.ts';
import { tempFolder } from './temp-folder.ts';
import { TestClock } from './test-clock.ts';

const RACERS = 20;

async function newHome(): Promise<StateHome> {
  const base = await tempFolder();
  return { path: join(base, 'neo-pull'), uid: (await stat(base)).uid };
}

function request(more: Partial<LockRequest> = {}): LockRequest {
  return { key: 'k', run: '20261122-143015-k3f9', command: 'pull', clock: new TestClock(), ...more };
}

async function problemOf(promise: Promise<unknown>): Promise<ProblemError['problem']> {
  const thrown: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ProblemError)) throw new Error(`not a Problem: ${String(thrown)}`);
  return thrown.problem;
}

/** Writes a lock file as another process would have left it. */
async function leave(home: StateHome, name: string, more: Partial<LockHolder> = {}): Promise<void> {
  const holder = { ...(await ownIdentity()), nonce: 'a'.repeat(24), run: 'r0', command: 'sync', sinceMs: 0, ...more };
  await mkdir(join(home.path, 'locks'), { recursive: true, mode: 0o700 });
  await writeFile(join(home.path, 'locks', name), `${JSON.stringify(holder)}\n`);
}

const files = (home: StateHome): Promise<string[]> => readdir(join(home.path, 'locks'));

describe('a lock', () => {
  it('is held by one, until it is released', async () => {
    const home = await newHome();
    const lock = await acquireLock(home, request());
    expect(await lockHolder(home, 'k')).toEqual(lock.holder);
    expect((await problemOf(acquireLock(home, request()))).code).toBe('locked');
    await lock.release();
    expect(await lockHolder(home, 'k')).toBeNull();
    expect(await files(home)).toEqual([]);
    await (await acquireLock(home, request())).release();
  });

  it('is one for each key', async () => {
    const home = await newHome();
    const locks: Lock[] = [];
    for (const key of ['k', 'k-2']) locks.push(await acquireLock(home, request({ key })));
    expect(await files(home)).toEqual(['k-2.lock', 'k.lock']);
    await expect(acquireLock(home, request({ key: '../k' }))).rejects.toThrow(TypeError);
    for (const lock of locks) await lock.release();
  });

  it('that is held says by whom, for what and how long', async () => {
    const home = await newHome();
    const clock = new TestClock();
    const { pid } = (await acquireLock(home, request({ clock, command: 'cutover' }))).holder;
    clock.nowMs += 300_000;
    const { message, hint } = await problemOf(acquireLock(home, request({ clock })));
    expect(message).toBe(
      `neo-pull is already at work on this gateway: pid ${pid}, \`cutover\`, run 20261122-143015-k3f9, for 5 min.`,
    );
    expect(hint).toContain('neo-pull status 20261122-143015-k3f9');
  });

  it('is a file that only we can read', async () => {
    const home = await newHome();
    await acquireLock(home, request());
    expect((await stat(join(home.path, 'locks', 'k.lock'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(home.path, 'locks'))).mode & 0o777).toBe(0o700);
  });

  it('is released by identity: what another holds now is left alone', async () => {
    const home = await newHome();
    const lock = await acquireLock(home, request());
    await leave(home, 'k.lock');
    await lock.release();
    await lock.release();
    expect(await files(home)).toEqual(['k.lock']);
  });

  it('that cannot be read is not judged, and the way out is told', async () => {
    const home = await newHome();
    await leave(home, 'k.lock');
    await writeFile(join(home.path, 'locks', 'k.lock'), '{');
    const { code, hint } = await problemOf(acquireLock(home, request()));
    expect(code).toBe('locked');
    expect(hint).toContain(`rm '${join(home.path, 'locks', 'k.lock')}'`);
  });
});

describe('a lock is taken over from', () => {
  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 1 }],
    ['a process whose pid is used again', { startTime: '1' }],
    ['a process of another boot', { bootId: 'another' }],
  ])('%s', async (_what, identity) => {
    const home = await newHome();
    await leave(home, 'k.lock', identity);
    const lock = await acquireLock(home, request());
    expect(JSON.parse(await readFile(join(home.path, 'locks', 'k.lock'), 'utf8'))).toEqual(lock.holder);
    expect(await files(home)).toEqual(['k.lock']);
  });

  it('a zombie', async () => {
    // It ends once its parent is a program that never asks for the ends of its children.
    const child = spawn('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const pid = Number(line);
    const startTime = async (): Promise<{ state: string; at: string }> => {
      const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ')[1]?.split(' ') ?? [];
      return { state: fields[0] ?? '', at: fields[19] ?? '' };
    };
    while ((await startTime()).state !== 'Z') await systemClock.sleep(5);
    expect(await isAlive({ ...(await ownIdentity()), pid, startTime: (await startTime()).at })).toBe(false);
  });

  it('a holder whose lock a third one died while taking over', async () => {
    const home = await newHome();
    const gone = { bootId: 'another' };
    await leave(home, 'k.lock', gone);
    await leave(home, `k.${'a'.repeat(24)}.reclaim`, { ...gone, nonce: 'b'.repeat(24) });
    await leave(home, `k.${'b'.repeat(24)}.reclaim`, { ...gone, nonce: 'c'.repeat(24) });
    await leave(home, `k.${'d'.repeat(24)}.draft`, { ...gone, nonce: 'd'.repeat(24) });
    await acquireLock(home, request());
    expect(await files(home)).toEqual(['k.lock']);
  });

  it('nobody while one who lives is taking over', async () => {
    const home = await newHome();
    await leave(home, 'k.lock', { bootId: 'another' });
    await leave(home, `k.${'a'.repeat(24)}.reclaim`, { nonce: 'b'.repeat(24) });
    expect((await problemOf(acquireLock(home, request()))).code).toBe('locked');
    expect(await files(home)).toEqual([`k.${'a'.repeat(24)}.reclaim`, 'k.lock']);
  });
});

interface Racer {
  readonly child: ChildProcessWithoutNullStreams;
  /** The next line it says; null when it is over. */
  said(): Promise<string | null>;
}

async function startRacers(home: StateHome, mode: 'once' | 'die'): Promise<readonly Racer[]> {
  const script = await bundle('lock-racer.ts');
  const racers = Array.from({ length: RACERS }, (): Racer => {
    const child = spawn(process.execPath, [script, join(home.path, '..'), mode]);
    child.stdin.on('error', () => undefined);
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, said: async () => ((await lines.next()) as { value?: string }).value ?? null };
  });
  for (const racer of racers) expect(await racer.said()).toBe('ready');
  return racers;
}

describe('of twenty processes that race', { timeout: 120_000 }, () => {
  it('for a dead lock one wins, and the others hear that it is locked', async () => {
    const home = await newHome();
    await leave(home, 'k.lock', { bootId: 'another' });
    const racers = await startRacers(home, 'once');
    for (const { child } of racers) child.stdin.write('go\n');
    const said = await Promise.all(racers.map((racer) => racer.said()));
    expect(said.filter((line) => line === 'won')).toHaveLength(1);
    expect(said.filter((line) => line === 'locked')).toHaveLength(RACERS - 1);
    for (const { child } of racers) child.stdin.end();
    await Promise.all(racers.map((racer) => racer.said()));
    expect(await files(home)).toEqual([]);
  });

  it('and are killed holding it, each holds it once and alone', async () => {
    const home = await newHome();
    await leave(home, 'k.lock', { bootId: 'another' });
    const racers = await startRacers(home, 'die');
    const deaths = racers.map(({ child }) => once(child, 'exit'));
    for (const { child } of racers) child.stdin.write('go\n');
    const said = await Promise.all(racers.map((racer) => racer.said()));
    expect(said).toEqual(Array.from({ length: RACERS }, () => 'alone'));
    await Promise.all(deaths);
    await (await acquireLock(home, request())).release();
    expect(await files(home)).toEqual([]);
  });
});
