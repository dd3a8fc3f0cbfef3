import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../core/problem.ts';
import type { Root } from '../core/plan.ts';

/**
 * Makes the private folder beside the live root and the staging directory in it: 0700, ours, no symlink.
 * Repeatable. Throws `root-not-ours` when somebody else prepared something there.
 */
export async function makeStaging(root: Root, uid: number): Promise<void> {
  const folder = dirname(root.stagingPath);
  await mkdir(folder, { mode: 0o700, recursive: true });
  await refuseForeign(folder, uid, 0o077);
  await mkdir(root.stagingPath, { mode: 0o700 }).catch(ignoreExisting);
  // Staging itself has the mode of the old directory after a pass; the folder around it is what keeps others out.
  await refuseForeign(root.stagingPath, uid, 0);
}

async function refuseForeign(path: string, uid: number, forbidden: number): Promise<void> {
  const seen = await lstat(path);
  if (seen.isDirectory() && seen.uid === uid && (seen.mode & forbidden) === 0) return;
  throw fail('root-not-ours', {
    message: `${path} is not a private directory of this user (owner ${seen.uid}, mode ${(seen.mode & 0o7777).toString(8)}).`,
    hint: `Look at it, then remove it or make it private: chmod 700 '${path}'`,
  });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/**
 * Marks staging as touched by a cutover: size and time no longer say that a file is as it was copied, so the next pass compares
 * by content. Durable enough for its purpose: it is written before the first touch, beside staging, on the same file system.
 */
export async function markDirty(root: Root): Promise<void> {
  await writeFile(dirtyMark(root), '', { mode: 0o600 });
}

/** As `markDirty`, where there is a staging directory at all: a run can be taken back before it made one. */
export async function markDirtyIfThere(root: Root): Promise<void> {
  const isThere = await lstat(root.stagingPath).then(
    () => true,
    () => false,
  );
  if (isThere) await markDirty(root);
}

/** Was staging touched by a cutover since the last whole pass? Read-only. */
export async function isDirty(root: Root): Promise<boolean> {
  return lstat(dirtyMark(root)).then(
    () => true,
    () => false,
  );
}

/** A whole pass that compared contents has made staging as if it had never been touched. Repeatable. */
export async function clearDirty(root: Root): Promise<void> {
  await rm(dirtyMark(root), { force: true });
}

function dirtyMark(root: Root): string {
  return `${root.stagingPath}.dirty`;
}
