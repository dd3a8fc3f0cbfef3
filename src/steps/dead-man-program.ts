import { spawn } from 'node:child_process';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemOf } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { isRunning } from '../gateway/probe-keep.ts';
import { readBootId, readProcess } from '../gateway/probe-processes.ts';
import { enableService, readService } from '../gateway/supervise.ts';
import { systemClock } from '../host/clock.ts';
import { LocalHost } from '../host/local.ts';
import {
  FILES,
  type DeadManAnswer,
  type DeadManRequest,
  type DeadManVerb,
  type Decision,
  type Done,
  type Watcher,
} from './dead-man-contract.ts';
import { ranBefore, startAgain, type Subject } from './start-again.ts';

// The dead-man's switch: lies as a file in our folder on the old machine, runs there by the gateway's own Node, and outlives every login.
const FOLDER = dirname(process.argv[1] ?? '');
const POLL_MS = 200;
const START_MS = 10_000;
const TRIES = 5;
const DAY_MS = 86_400_000;

void main(process.argv[2] as DeadManVerb);

async function main(verb: DeadManVerb): Promise<void> {
  if (verb === 'watch') return watch();
  if (verb === 'arm') await arm();
  if (verb === 'beat') put(FILES.beat, `${process.hrtime.bigint()}`);
  if (verb === 'cancel' || verb === 'fire') await decided(verb === 'fire' ? 'fired' : 'cancelled');
  process.stdout.write(`${JSON.stringify(answer())}\n`);
}

/** Starts the switch, unless one watches already or it was decided. Returns once it watches. */
async function arm(): Promise<void> {
  if (decision() !== null || isWatched()) return;
  put(FILES.request, readFileSync(0));
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'watch'], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  for (let waited = 0; waited < START_MS && !isWatched(); waited += 20) await sleep(20);
}

/** Decides, unless that was done before, and waits until nobody may act any more. */
async function decided(word: Decision): Promise<void> {
  decide(word);
  const { limits } = request();
  const waitMs = decision() === 'fired' ? TRIES * (limits.stopMs + limits.startMs) : START_MS;
  for (const began = performance.now(); isWatched() && performance.now() - began < waitMs;) await sleep(20);
}

async function watch(): Promise<void> {
  for (const name of ['SIGHUP', 'SIGPIPE'] as const) process.on(name, () => undefined);
  const { timeoutMs } = request();
  const { pid } = process;
  put(FILES.watcher, JSON.stringify({ pid, startTime: readProcess(pid)?.startTime ?? '', bootId: readBootId() }));
  let seen = text(FILES.beat);
  // Monotonic: a clock that is set changes nothing.
  let since = performance.now();
  while (decision() === null) {
    // Whoever took the folder away wants nothing to be done any more.
    if (text(FILES.request) === null) return;
    const beat = text(FILES.beat);
    const isLate = beat === seen && performance.now() - since >= timeoutMs;
    if (isLate && decide('fired')) return act({ again: true });
    if (beat !== seen) since = performance.now();
    seen = beat;
    await sleep(POLL_MS);
  }
  if (decision() === 'fired') await act({ again: false });
}

/** The one exclusive act: of all who decide at any time, one link succeeds. True for the one. */
function decide(word: Decision): boolean {
  const mine = at(`${FILES.decision}.${word}.${process.pid}`);
  try {
    writeFileSync(mine, `${word}\n`, { mode: 0o600 });
    linkSync(mine, at(FILES.decision));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Puts the old gateway back as it was found. `again`: nobody else looks after it, so it is looked at once more when it has settled. */
async function act({ again }: { again: boolean }): Promise<void> {
  try {
    writeFileSync(at(FILES.actor), '', { flag: 'wx', mode: 0o600 });
  } catch {
    return;
  }
  const { settleMs } = request();
  let done: Done = { ok: false, message: 'it was not tried' };
  // Without linger no service manager answers until the next login: alone, it tries for a day.
  const tries = again ? Math.ceil(DAY_MS / settleMs) : TRIES;
  for (let tried = 0, settled = 0; tried < tries && settled < TRIES; tried += 1) {
    if (text(FILES.request) === null) return;
    done = await putBack().then(
      () => ({ ok: true, message: '' }),
      (error: unknown) => ({ ok: false, message: problemOf(error).message }),
    );
    if (done.ok && !again) break;
    if (done.ok) settled += 1;
    await sleep(settleMs);
    if (done.ok && (await isBack())) break;
  }
  put(FILES.done, JSON.stringify(done));
}

async function putBack(): Promise<void> {
  const { gateway, ran } = request();
  const { world, subject } = surroundings();
  if (ran.enabled) await enableService(world.old, gateway, { ...world, as: ran.enabledAs ?? null });
  if (ran.ran !== 'stopped') await startAgain(world, subject, ran);
}

async function isBack(): Promise<boolean> {
  const { gateway, ran } = request();
  const { world, subject } = surroundings();
  const enabled = (await readService(world.old, gateway, world))?.enabled ?? false;
  const { ran: runs } = await ranBefore(world, subject);
  return enabled === ran.enabled && (ran.ran === 'stopped' || runs !== 'stopped');
}

/** What steps see of the world, on this one machine. */
function surroundings(): { world: World; subject: Subject } {
  const { gateway, folder, limits } = request();
  const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
  const host = new LocalHost({ label: 'the old machine', env, cwd: gateway.home });
  const world: World = {
    old: host,
    new: host,
    clock: { now: () => performance.now(), sleep: (ms, signal) => systemClock.sleep(ms, signal) },
    emit: () => Promise.resolve(),
    signal: new AbortController().signal,
    run: { id: '', path: FOLDER },
  };
  return { world, subject: { host: () => host, gateway, folder: () => folder, limits } };
}

function answer(): DeadManAnswer {
  const done = text(FILES.done);
  return { decision: decision(), isWatched: isWatched(), done: done === null ? null : (JSON.parse(done) as Done) };
}

/** Does a process run that may still act? Once it is told that it has done, it does nothing more. */
function isWatched(): boolean {
  const watcher = text(FILES.watcher);
  return watcher !== null && !existsSync(at(FILES.done)) && isRunning(JSON.parse(watcher) as Watcher);
}

function decision(): Decision | null {
  const word = text(FILES.decision)?.trim();
  return word === 'fired' || word === 'cancelled' ? word : null;
}

function request(): DeadManRequest {
  return JSON.parse(text(FILES.request) ?? '{}') as DeadManRequest;
}

function at(name: string): string {
  return join(FOLDER, name);
}

function text(name: string): string | null {
  try {
    return readFileSync(at(name), 'utf8');
  } catch {
    return null;
  }
}

/** By a rename: whoever reads sees all of it or nothing. */
function put(name: string, bytes: string | Uint8Array): void {
  const part = at(`${name}.${process.pid}`);
  writeFileSync(part, bytes, { mode: 0o600 });
  renameSync(part, at(name));
}
