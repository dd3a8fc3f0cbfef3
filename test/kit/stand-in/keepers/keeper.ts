import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, startTimeOf } from '../../processes.ts';

/** What one keeper runs. */
export interface Spec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Brought back when it ends by itself, after this long; null leaves it ended. */
  readonly restartMs: number | null;
  /** How the keeper calls itself in the process table. */
  readonly title: string;
}

/** How it stands. `stopping` heeds a stop that takes its time. */
export interface Standing {
  readonly status: 'running' | 'restarting' | 'stopping' | 'stopped';
  readonly pid: number;
}

const REST: Standing = { status: 'stopped', pid: 0 };
const POLL_MS = 20;
const PATIENCE_MS = 30_000;

function put(folder: string, name: string, value: unknown): void {
  writeFileSync(join(folder, `${name}.draft`), JSON.stringify(value));
  renameSync(join(folder, `${name}.draft`), join(folder, name));
}

function get(folder: string, name: string): unknown {
  return existsSync(join(folder, name)) ? JSON.parse(readFileSync(join(folder, name), 'utf8')) : null;
}

/** Pid of the living keeper of a folder; null without one. */
export function keeperOf(folder: string): number | null {
  const told = get(folder, 'keeper.json') as { pid: number; startTime: number } | null;
  return told && isAlive(told) ? told.pid : null;
}

export function standing(folder: string): Standing {
  return keeperOf(folder) === null ? REST : ((get(folder, 'state.json') as Standing | null) ?? REST);
}

/** Makes a keeper for a folder, or gives the one that is there another thing to run from its next start on. */
export async function keep(folder: string, spec: Spec): Promise<void> {
  mkdirSync(folder, { recursive: true });
  put(folder, 'spec.json', spec);
  if (keeperOf(folder) !== null) return;
  put(folder, 'wanted.json', 'down');
  const script = process.argv[1] ?? '';
  spawn(process.execPath, [script, '__keep', folder], { detached: true, stdio: 'ignore', cwd: '/' }).unref();
  await until(() => keeperOf(folder) !== null);
}

export async function want(folder: string, wanted: 'up' | 'down' | 'gone'): Promise<void> {
  if (keeperOf(folder) === null) return;
  put(folder, 'wanted.json', wanted);
  await until(() => {
    if (wanted === 'gone') return keeperOf(folder) === null;
    return standing(folder).status === (wanted === 'up' ? 'running' : 'stopped');
  });
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    if (isSo()) return;
    await sleep(POLL_MS);
  }
  throw new Error('the stand-in does not come to it');
}

/** The process that keeps one thing running, until it is to be gone or its folder is. */
export async function keeper(folder: string): Promise<void> {
  process.title = (get(folder, 'spec.json') as Spec).title;
  put(folder, 'state.json', REST);
  put(folder, 'keeper.json', { pid: process.pid, startTime: startTimeOf(process.pid) });
  let child: ChildProcess | null = null;
  let restsUntil = 0;
  let hasEnded = false;
  while (existsSync(folder)) {
    const wanted = get(folder, 'wanted.json') as string;
    const spec = get(folder, 'spec.json') as Spec;
    const isOver = child !== null && (child.exitCode !== null || child.signalCode !== null);
    if (isOver) {
      child = null;
      hasEnded = wanted === 'up';
      restsUntil = Date.now() + (spec.restartMs ?? 0);
    }
    if (child && wanted !== 'up') child.kill('SIGTERM');
    if (!child && wanted === 'gone') process.exit(0);
    if (wanted === 'down') hasEnded = false;
    const mayStart = !hasEnded || (spec.restartMs !== null && Date.now() >= restsUntil);
    if (!child && wanted === 'up' && mayStart) child = begin(folder, spec);
    const isWaiting = hasEnded && spec.restartMs !== null && wanted === 'up';
    const idle = isWaiting ? 'restarting' : 'stopped';
    put(folder, 'state.json', {
      status: child ? (wanted === 'up' ? 'running' : 'stopping') : idle,
      pid: child?.pid ?? 0,
    });
    await sleep(POLL_MS);
  }
  child?.kill('SIGKILL');
}

function begin(folder: string, { argv, env, cwd }: Spec): ChildProcess {
  const [program = '', ...args] = argv;
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}
