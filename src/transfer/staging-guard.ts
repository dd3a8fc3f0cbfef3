import { lstat, realpath, statfs } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { fail } from '../core/problem.ts';

/** With less than this a disk is full for every purpose of a copy. */
const FULL_BELOW_BYTES = 1024 * 1024;

/**
 * Makes sure that rsync may receive (and delete) there, and returns the path with its parents' links resolved. Read-only.
 *
 * The directory that holds staging must be private (0700, ours): nothing that arrives can then be reached by anybody else from the
 * first byte on, whatever modes rsync gives inside; the staging root itself takes the mode of the old root. It must be a real
 * directory of ours. Throws `root-not-ours`.
 */
export async function guardStaging(stagingPath: string, uid: number): Promise<string> {
  const parent = await realpath(dirname(stagingPath));
  const path = join(parent, basename(stagingPath));
  const [holder, root] = await Promise.all([lstat(parent), lstat(path)]);
  if ((holder.mode & 0o077) !== 0 || holder.uid !== uid) {
    throw refuse(parent, `is not private (owner ${holder.uid}, mode ${octal(holder.mode)})`);
  }
  if (!root.isDirectory() || root.uid !== uid)
    throw refuse(path, `is not a directory of this user (owner ${root.uid})`);
  return path;
}

/** Is the file system that holds this path out of room or inodes? Read-only. */
export async function isFull(path: string): Promise<boolean> {
  const { bavail, bsize, files, ffree } = await statfs(path);
  return bavail * bsize < FULL_BELOW_BYTES || (files > 0 && ffree === 0);
}

function refuse(path: string, why: string): Error {
  return fail('root-not-ours', {
    message: `Nothing is received into staging: ${path} ${why}.`,
    hint: `Look at it, then remove it or make it private: chmod 700 '${path}'`,
  });
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
