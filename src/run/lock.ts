import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { quoteWord } from '../host/quote.ts';
import { ensurePrivateFolder } from './private-folder.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import type { StateHome } from './runs.ts';
import { errorCode } from './system-error.ts';

/** Who holds a lock, and for what. */
export interface LockHolder extends ProcessIdentity {
  /** Names this one holding: no two lock files ever have the same. */
  readonly nonce: string;
  readonly run: string;
  readonly command: string;
  readonly sinceMs: number;
}

/** A lock that is ours until we release it or die. */
export interface Lock {
  readonly holder: LockHolder;
  /** Gives it back; a lock that is no longer ours is left alone. Repeatable. */
  release(): Promise<void>;
}

/** What is locked (the key of the Plan), and what is said to whoever finds it locked. */
export interface LockRequest {
  readonly key: string;
  readonly run: string;
  readonly command: string;
  readonly clock: Clock;
}

const RECLAIM_WAIT_MS = 20;
const RECLAIM_PATIENCE = 100;

const holderShape = z.object({
  nonce: z.string().regex(/^[0-9a-f]{24}$/),
  pid: z.int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  run: z.string(),
  command: z.string(),
  sinceMs: z.number(),
});

/**
 * Takes the lock on one plan key on this machine. A lock whose process is gone (dead, its pid used again, or of another boot) is
 * taken over. Throws `locked`, naming the holder, when it is held or cannot be judged; `option-invalid` for a place that others
 * can write.
 */
export async function acquireLock(home: StateHome, request: LockRequest): Promise<Lock> {
  const bench = await workbench(home, request);
  await ensurePrivateFolder(home.path, home.uid);
  await ensurePrivateFolder(bench.folder, home.uid);
  const path = join(bench.folder, `${request.key}.lock`);
  const holder = await take(bench, path);
  if (holder.nonce !== bench.me.nonce) throw held(holder, request.clock);
  await sweep(bench);
  return { holder, release: () => removeIf(path, holder.nonce) };
}

/** Who holds the lock on a plan key now; null when nobody who lives does. Read-only. Throws `locked` when it cannot be judged. */
export async function lockHolder(home: StateHome, key: string): Promise<LockHolder | null> {
  const holder = await readHolder(join(home.path, 'locks', `${key}.lock`));
  return holder && (await isAlive(holder)) ? holder : null;
}

/** One attempt to lock: where, for what, and as whom. */
interface Bench {
  readonly folder: string;
  readonly key: string;
  readonly clock: Clock;
  readonly me: LockHolder;
}

async function workbench(home: StateHome, { key, run, command, clock }: LockRequest): Promise<Bench> {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(key)) throw new TypeError(`not a name for a lock: ${JSON.stringify(key)}`);
  const me = { ...(await ownIdentity()), nonce: newNonce(), run, command, sinceMs: clock.now() };
  return { folder: join(home.path, 'locks'), key, clock, me };
}

/**
 * Puts our name on `path`, or says whose is there.
 *
 * Taking over is the hard part: of two who find the same dead holder, the slower must not remove the lock that the quicker has
 * made meanwhile. So a dead lock is removed only by whoever holds the right to remove *that* holding, a lock in its own right,
 * named by the nonce: while the right is held, what lies at `path` with that nonce cannot change under our hands.
 */
async function take(bench: Bench, path: string): Promise<LockHolder> {
  for (let tries = 0; ; tries += 1) {
    if (await linkAs(bench, path)) return bench.me;
    const other = await readHolder(path);
    if (other === null) continue;
    if (await isAlive(other)) return other;
    if (await reclaim(bench, path, other)) continue;
    if (tries >= RECLAIM_PATIENCE) return other;
    await bench.clock.sleep(RECLAIM_WAIT_MS);
  }
}

async function reclaim(bench: Bench, path: string, dead: LockHolder): Promise<boolean> {
  const right = { ...bench, me: { ...bench.me, nonce: newNonce() } };
  const rightPath = join(bench.folder, `${bench.key}.${dead.nonce}.reclaim`);
  const owner = await take(right, rightPath);
  if (owner.nonce !== right.me.nonce) return false;
  await removeIf(path, dead.nonce);
  await removeIf(rightPath, right.me.nonce);
  return true;
}

/** Makes `path` appear whole, with our name in it; false when something is there. */
async function linkAs({ folder, key, me }: Bench, path: string): Promise<boolean> {
  const draft = join(folder, `${key}.${me.nonce}.draft`);
  try {
    await writeFile(draft, `${JSON.stringify(me)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, path);
    return true;
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return false;
    throw unwritten(path, cause);
  } finally {
    await unlinkQuietly(draft);
  }
}

async function removeIf(path: string, nonce: string): Promise<void> {
  const found = await readHolder(path).catch(() => null);
  if (found?.nonce === nonce) await unlinkQuietly(path);
}

async function unlinkQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw unwritten(path, cause);
  }
}

/** Clears what crashes inside `take` left. Safe for us alone: while we hold the lock no dead holding of it can come back. */
async function sweep({ folder, key }: Bench): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((each) => each.startsWith(`${key}.`) && /\.(?:draft|reclaim)$/.test(each))) {
    const holder = await readHolder(join(folder, name)).catch(() => null);
    if (holder && !(await isAlive(holder))) await unlinkQuietly(join(folder, name));
  }
}

async function readHolder(path: string): Promise<LockHolder | null> {
  let text: string;
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    throw unreadable(path, cause);
  }
  try {
    return holderShape.parse(JSON.parse(text));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function newNonce(): string {
  return randomBytes(12).toString('hex');
}

function held(holder: LockHolder, clock: Clock): ProblemError {
  const age = ageInWords(Math.max(0, clock.now() - holder.sinceMs));
  return fail('locked', {
    message: `neo-pull is already at work on this gateway: pid ${holder.pid}, \`${holder.command}\`, run ${holder.run}, for ${age}.`,
    hint: `Look at it with \`neo-pull status ${holder.run}\`, and try again when it is over.`,
    detail: { pid: holder.pid, command: holder.command, run: holder.run, sinceMs: holder.sinceMs },
  });
}

function ageInWords(ageMs: number): string {
  const seconds = Math.round(ageMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

function unreadable(path: string, cause: unknown): ProblemError {
  return fail(
    'locked',
    {
      message: `The lock ${path} cannot be read, so nobody can tell whether its holder lives.`,
      hint: `When no neo-pull runs (\`pgrep -af neo-pull\`), remove it: \`rm ${quoteWord(path)}\`.`,
    },
    { cause },
  );
}

function unwritten(path: string, cause: unknown): ProblemError {
  return fail(
    'journal-unwritable',
    {
      message: `The lock ${path} could not be written (${errorCode(cause) ?? String(cause)}). Nothing was changed.`,
      hint: 'Make room or rights there, or name another place in XDG_STATE_HOME.',
    },
    { cause },
  );
}
