import { lstat, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Root } from '../core/plan.ts';
import { fail } from '../core/problem.ts';

/** An entry as the file system knows it, whatever it is called: `device:inode`. */
export type Identity = string;

/** What lies at a path, links not followed; null where nothing does. Read-only. */
export async function identity(path: string): Promise<Identity | null> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    // ENOTDIR: what is to be its directory is none; making that one says so.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Renames, durably, and over nothing. Throws `swap-failed` when something is in the way. */
export async function move(from: string, to: string): Promise<void> {
  // rename() would replace a file, or an empty directory, without a word.
  if ((await identity(to)) !== null) {
    throw fail('swap-failed', {
      message: `${to} is in the way.`,
      hint: `See what it is, then move it away: ls -la '${to}'`,
    });
  }
  await rename(from, to);
  await syncDirectory(dirname(to));
  await syncDirectory(dirname(from));
}

/** Has the names in a directory on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is thrown where something else lies than was put there. */
export function lost(root: Root, path: string): Error {
  return fail('swap-failed', {
    message: `${path} is not what was expected there (root ${root.id}).`,
    hint: 'Something else changed it. Nothing is deleted: look at the .neo-pull folder beside it.',
  });
}
