import { mkdir, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
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
  const files = root.files.map(async (name) => {
    const [live, staged] = await Promise.all([root.livePath, root.stagingPath].map((at) => identity(inside(at, name))));
    return [name, { live: live ?? null, staged: staged ?? null }] as const;
  });
  return { missing: await missingAbove(root.livePath), files: Object.fromEntries(await Promise.all(files)) };
}

/**
 * Parks each file that is in the way and puts the staged one in its place, in a directory that is made (0700) where there is none.
 * A file that is gone on the old machine has none staged: then the one here is parked only. Repeatable. Throws `swap-failed`.
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
 * them. A file that was written anew since, by a rename over it, is another one for the file system and goes to `to` all the same.
 * Repeatable, after a partial or absent apply too. Throws `swap-failed`.
 */
export async function putFilesBack(root: FileRoot, before: FilesBefore, to: string): Promise<void> {
  for (const [name, was] of entriesOf(root, before).toReversed()) {
    const live = inside(root.livePath, name);
    const now = await identity(live);
    const isOurs = now !== null && (now === was.staged || (now !== was.live && (await wasPutInPlace(root, name, was))));
    if (isOurs) {
      await makeFolder(to);
      await move(live, inside(to, name));
    }
    const then = isOurs ? null : now;
    if (was.live === null || then === was.live) continue;
    const parked = inside(root.parkedPath, name);
    if (then !== null || (await identity(parked)) !== was.live) throw lost(root, then === null ? parked : live);
    await move(parked, live);
  }
  for (const folder of [root.parkedPath, ...before.missing.toReversed()]) await removeIfEmpty(folder);
}

/** Did the staged file leave staging? Then what lies in its place came from it. */
async function wasPutInPlace(root: Root, name: string, { staged }: FilesBefore['files'][string]): Promise<boolean> {
  return staged !== null && (await identity(inside(root.stagingPath, name))) === null;
}

function entriesOf(root: FileRoot, before: FilesBefore): (readonly [string, FilesBefore['files'][string]])[] {
  return root.files.map((name) => {
    const was = before.files[name];
    if (!was) throw new Error(`swap knows nothing of ${name} in root ${root.id}`);
    return [name, was];
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
