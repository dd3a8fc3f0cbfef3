import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { besideDatabase, databaseOf, isDatabase, isSharedMemory } from '../core/database-files.ts';
import { inside } from '../core/only-files.ts';
import type { Root } from '../core/plan.ts';
import { markDirty } from './staging-dir.ts';
import { identity, lost, move, syncDirectory, type Identity } from './swap-moves.ts';

/** A root of single files before the swap: directories that are not there yet, outermost first, and each file at both places. */
export type FilesBefore = {
  readonly missing: readonly string[];
  readonly files: { readonly [name: string]: { readonly live: Identity | null; readonly staged: Identity | null } };
};

/** Where the parts of such a root lie; of one that is not moving whole directories all are directories that hold single files. */
type FileRoot = Root & { readonly files: readonly string[] };

/** Read-only. */
export async function filesBefore(root: FileRoot): Promise<FilesBefore> {
  const files = partsOf(root).map(async (name) => {
    const [live, staged] = await Promise.all([root.livePath, root.stagingPath].map((at) => identity(inside(at, name))));
    // Shared memory is never copied: what a cutover that was taken back left in staging belongs to nothing any more.
    return [name, { live: live ?? null, staged: isSharedMemory(name) ? null : (staged ?? null) }] as const;
  });
  return { missing: await missingAbove(root.livePath), files: Object.fromEntries(await Promise.all(files)) };
}

/**
 * Parks each file that is in the way and puts the staged one in its place, in a directory that is made (0700) where there is none.
 * A file that is gone on the old machine has none staged: then the one here is parked only; so is all that lies beside a database here,
 * for it would spoil the one that comes. Repeatable. Throws `swap-failed`.
 */
export async function putFilesInPlace(root: FileRoot, before: FilesBefore): Promise<void> {
  await markDirty(root);
  for (const folder of before.missing) await makeFolder(folder);
  for (const [name, was] of entriesOf(root, before)) {
    const live = inside(root.livePath, name);
    const now = await identity(live);
    if (now === was.staged) continue;
    if (now !== null && now === was.live) {
      await makeFolder(root.parkedPath);
      await move(live, inside(root.parkedPath, name));
    }
    if ((await identity(live)) !== null) throw lost(root, live);
    if (was.staged !== null) await move(inside(root.stagingPath, name), live);
  }
}

/**
 * Takes away what was put in place (to `to`) and brings back what was parked; directories that were made go when nothing else is in
 * them. A file that was written anew since, by a rename over it, is another one for the file system and goes to `to` all the same; so does
 * what was written beside a database that was put in place, for each is nothing without the other. Repeatable, after a partial or absent
 * apply too. Throws `swap-failed`.
 */
export async function putFilesBack(root: FileRoot, before: FilesBefore, to: string): Promise<void> {
  // Backwards, so that what lies beside a database goes before it: whether it was put in place is seen in staging.
  for (const [name, was] of entriesOf(root, before).toReversed()) {
    const live = inside(root.livePath, name);
    const now = await identity(live);
    const isOurs = now !== null && now !== was.live && (now === was.staged || (await cameSince(root, before, name)));
    if (isOurs) await takeAway(root, name, to);
    const then = isOurs ? null : now;
    if (was.live === null || then === was.live) continue;
    const parked = inside(root.parkedPath, name);
    if (then !== null || (await identity(parked)) !== was.live) throw lost(root, then === null ? parked : live);
    await move(parked, live);
  }
  for (const folder of [root.parkedPath, ...before.missing.toReversed()]) await removeIfEmpty(folder);
}

/** Was what lies in the place of a part written since the swap? With a database comes what lies beside it. */
async function cameSince(root: FileRoot, before: FilesBefore, name: string): Promise<boolean> {
  if (await isSwapped(root, before, name)) return true;
  const database = databaseOf(name);
  return before.files[name]?.staged == null && database !== null && isSwapped(root, before, database);
}

/** Did the staged file of a part leave staging, or is what was in its place parked, and is that not undone yet? */
async function isSwapped(root: FileRoot, { files }: FilesBefore, name: string): Promise<boolean> {
  const was = files[name];
  if (!was || (await identity(inside(root.livePath, name))) === was.live) return false;
  if (was.staged !== null) return (await identity(inside(root.stagingPath, name))) === null;
  return was.live !== null && (await identity(inside(root.parkedPath, name))) === was.live;
}

async function takeAway(root: FileRoot, name: string, to: string): Promise<void> {
  const live = inside(root.livePath, name);
  // In staging it would outlive the next pass, which does not copy it; SQLite makes it anew.
  if (isSharedMemory(name) && to === root.stagingPath) return rm(live, { force: true });
  await makeFolder(to);
  await move(live, inside(to, name));
}

/** The files of a root, and behind them what else may lie beside those that are databases. */
function partsOf({ files }: FileRoot): string[] {
  return [...new Set([...files, ...files.filter(isDatabase).flatMap(besideDatabase)])];
}

function entriesOf(root: FileRoot, before: FilesBefore): (readonly [string, FilesBefore['files'][string]])[] {
  return partsOf(root).flatMap((name) => {
    const was = before.files[name];
    if (was) return [[name, was] as const];
    // A journal of an earlier release has nothing but the files themselves.
    if (!root.files.includes(name)) return [];
    throw new Error(`swap knows nothing of ${name} in root ${root.id}`);
  });
}

async function missingAbove(path: string): Promise<string[]> {
  if ((await identity(path)) !== null) return [];
  return [...(await missingAbove(dirname(path))), path];
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
