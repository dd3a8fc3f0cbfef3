import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isDatabase } from '../core/database-files.ts';
import { movesNothing } from '../core/mapping.ts';
import { finalMode } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import { fail, problem, type Problem } from '../core/problem.ts';
import type { TextRewrite } from '../core/rewrite.ts';
import type { World } from '../core/step.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { askDatabase } from '../sqlite/ask.ts';
import type { DatabaseAnswer } from '../sqlite/contract.ts';
import { pathColumnsOf } from '../sqlite/path-columns.ts';
import { undoFolder, type Change } from '../walk/declared-changes.ts';
import type { Entry } from '../walk/entry.ts';
import { copyDurably, lookAt } from './make-change.ts';

/** Larger ones are only looked at when a column of them is declared: nobody is served meanwhile. */
const LOOKED_AT_BYTES = 256 * 1024 * 1024;
const LOOK_MS = 5000;
const TIMEOUT_MS = 10 * 60_000;
const SIDECARS = ['', '-wal', '-journal'];
const WORK = 'database-work';

/** A database in the staged state. `named` is what its original is called in the undo folder. */
export interface StagedDatabase {
  readonly plan: Plan;
  readonly root: Root;
  readonly world: World;
  readonly item: Entry;
  readonly named: string;
}

/** Is this one that has to be rewritten or looked at? Those in workspaces are the agent's own, and history. */
export function isStateDatabase(root: Root, { path, size, type }: Entry): boolean {
  const file = path.toString();
  if (type !== 'file' || root.room !== 'state' || !isDatabase(file) || size === 0) return false;
  if (root.workspaces.some((workspace) => file.startsWith(`${workspace}/`))) return false;
  return pathColumnsOf(file).length > 0 || size <= LOOKED_AT_BYTES;
}

/**
 * Works out what becomes of a database: on a copy of it and of its log, which the database program rewrites. The result waits in the undo folder
 * beside the originals; the log becomes empty with it, for its content is in the result. One without declared columns that cannot be read is told, and stays.
 * Throws `rewrite-failed` for one with such columns: the gateway would follow its old paths.
 */
export async function* databaseChanges(staged: StagedDatabase): AsyncGenerator<Change> {
  const { plan, root, world, item, named } = staged;
  if (movesNothing(plan.mapping)) return;
  const folder = undoFolder(world.run, root);
  const work = join(folder, WORK);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { mode: 0o700 });
  try {
    const source = join(root.stagingPath, item.path.toString());
    const copy = join(work, 'copy.sqlite');
    const present = await sidecarsOf(source);
    for (const suffix of present) await copyFile(source + suffix, copy + suffix, constants.COPYFILE_FICLONE);
    const answer = await ask(staged, copy);
    if (answer.failure !== null && pathColumnsOf(item.path.toString()).length > 0) throw notRewritten(staged, answer);
    for (const told of problemsOf(staged, answer)) await world.emit({ type: 'run.warned', problem: told });
    if (answer.failure !== null || answer.rewrites.length === 0) return;
    await writeFile(join(folder, `${named}.told`), JSON.stringify(rewritesOf(answer)), { mode: 0o600, flush: true });
    for (const suffix of present) {
      await copyDurably(source + suffix, join(folder, named + suffix));
      const ready = join(folder, `${named}${suffix}.ready`);
      if (suffix === '') await copyDurably(copy, ready);
      else await writeFile(ready, '', { mode: 0o600, flush: true });
      yield await changeOf(staged, { suffix, ready });
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function sidecarsOf(source: string): Promise<string[]> {
  const present: string[] = [];
  for (const suffix of SIDECARS) if ((await lookAt(source + suffix))?.isFile() === true) present.push(suffix);
  return present;
}

function ask({ plan, world, item }: StagedDatabase, file: string): Promise<DatabaseAnswer> {
  const columns = pathColumnsOf(item.path.toString()).map(({ table, column, kind, members }) => {
    return { table, column, kind, members };
  });
  const { clock, signal } = world;
  return askDatabase(
    world.new,
    { file, columns, mapping: plan.mapping, oldHome: plan.old.home, newHome: plan.new.home, lookMs: LOOK_MS },
    { node: plan.new.gateway.node, timeoutMs: TIMEOUT_MS, clock, signal },
  );
}

async function changeOf(
  { root, item, named }: StagedDatabase,
  { suffix, ready }: { suffix: string; ready: string },
): Promise<Change> {
  const path = Buffer.concat([item.path, Buffer.from(suffix)]);
  const source = Buffer.concat([Buffer.from(`${root.stagingPath}/`), path]);
  const { mtimeNs, mode } = await lstat(source, { bigint: true });
  const { room, workspaces } = root;
  return {
    kind: 'file',
    path: path.toString('base64'),
    original: named + suffix,
    ready: `${named}${suffix}.ready`,
    ...(suffix === '' && { told: `${named}.told` }),
    mode: finalMode({ mode: Number(mode) & 0o7777, type: 'file', path, room, workspaces }),
    mtimeNs: String(mtimeNs),
    sizeBytes: (await stat(ready)).size,
    sha256: await sha256Of(ready),
  };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function rewritesOf({ rewrites }: DatabaseAnswer): TextRewrite[] {
  return rewrites.map(({ table, column, from, to }) => ({ at: `${table}.${column}`, from, to }));
}

function notRewritten({ root, item }: StagedDatabase, { engine, failure }: DatabaseAnswer): Error {
  const file = printable(item.path);
  const mend = `Look into it on the old machine (sqlite3 ${pasteable(`${root.oldPath}/${file}`)} 'PRAGMA integrity_check'), mend it there and try again. To start without what it holds: --exclude ${pasteable(`/${file}*`)}`;
  return fail('rewrite-failed', {
    message: `${file} holds paths that have to be rewritten, and they were not, because ${failure ?? ''}.`,
    hint: engine === null ? `Install the sqlite3 command here and try again. ${mend}` : mend,
  });
}

function problemsOf({ root, item }: StagedDatabase, { failure, left, isLookedThrough }: DatabaseAnswer): Problem[] {
  const file = printable(item.path);
  const where = `${root.livePath}/${file}`;
  const failed = problem('database-left', {
    message: `${file} was not looked at for old paths, and not rewritten, because ${failure ?? ''}.`,
    hint: `It is as it was on the old machine. If the gateway misses something, look into it there: sqlite3 '${where}'`,
  });
  const columns = left.map(({ table, column, count }) => `${printable(table)}.${printable(column)} (${count})`);
  const rest = isLookedThrough ? '' : ' There was no time to look through the rest.';
  const names = problem('database-left', {
    message: `${file} names old paths in columns that are never changed: ${columns.slice(0, 10).join(', ') || 'none seen'}.${rest}`,
    hint: `See whether they matter: sqlite3 '${where}'`,
    detail: left.slice(0, 200).map(({ table, column, count }) => ({ table, column, count })),
  });
  if (failure !== null) return [failed];
  return left.length > 0 || !isLookedThrough ? [names] : [];
}
