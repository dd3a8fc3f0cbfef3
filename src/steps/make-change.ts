import type { Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  open,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Root } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { undoFolder, type Change } from '../walk/declared-changes.ts';

/** What a file becomes: bytes, or a file of ours that holds them. */
export type Content = Buffer | { readonly file: string };

/**
 * Puts a thing back to how it was. What the product renamed or removed since it was swapped in stays so: the next pass, which compares
 * contents, brings it again. Repeatable. Throws `rewrite-failed`.
 */
export async function takeBack(root: Root, run: RunFolder, change: Change): Promise<void> {
  const path = placeOf(root, change);
  if (change.kind === 'added') return removeAdded(path);
  const is = await lookAt(path);
  if (is === null || is.isSymbolicLink() !== (change.kind === 'link')) return;
  if (change.kind === 'mode') await chmod(path, change.was);
  else if (change.kind === 'link') await relink(path, Buffer.from(change.was, 'base64'));
  else if (is.isFile()) {
    // Its mode has been taken back by a line of its own, just before this one.
    await replace(
      path,
      { file: join(undoFolder(run, root), change.original) },
      { mode: is.mode & 0o7777, mtimeNs: change.mtimeNs },
    );
  }
}

/** With the draft of it that a crash has left, where nothing was to be replaced. The directory keeps the time it has. */
async function removeAdded(path: Buffer): Promise<void> {
  const folder = Buffer.from(dirname(path.toString('latin1')), 'latin1');
  const was = await lstat(folder, { bigint: true });
  for (const one of [path, draftOf(path)]) {
    if ((await lookAt(one))?.isDirectory() !== true) await rm(one, { force: true });
  }
  await utimes(folder, Number(was.atimeNs) / 1e9, Number(was.mtimeNs) / 1e9);
}

/** Leads a symlink elsewhere; it is there at any moment. Repeatable. */
export async function relink(path: Buffer, target: Buffer): Promise<void> {
  const fresh = Buffer.concat([path, Buffer.from('.np-link')]);
  // A crash may have left one, whichever way it was going.
  await rm(fresh, { force: true });
  if ((await readlink(path, 'buffer')).equals(target)) return;
  await symlink(target, fresh);
  await rename(fresh, path);
}

/** The new content appears whole or not at all, with the mode it is to have and the time it had. Throws `rewrite-failed`. */
export async function replace(
  path: Buffer,
  content: Content,
  { mode, mtimeNs }: { mode: number; mtimeNs: string },
): Promise<void> {
  const draft = draftOf(path);
  const folder = Buffer.from(dirname(path.toString('latin1')), 'latin1');
  const seconds = Number(mtimeNs) / 1e9;
  try {
    // Before anything is made in it, which would be its time from then on.
    const was = await lstat(folder, { bigint: true });
    if (Buffer.isBuffer(content)) await writeFile(draft, content, { mode: 0o600, flush: true });
    else await copyDurably(content.file, draft);
    await chmod(draft, mode);
    await utimes(draft, seconds, seconds);
    await rename(draft, path);
    await utimes(folder, Number(was.atimeNs) / 1e9, Number(was.mtimeNs) / 1e9);
  } catch (cause) {
    await unlink(draft).catch(() => undefined);
    throw fail(
      'rewrite-failed',
      {
        message: `${path.toString()} could not be rewritten: ${String(cause)}.`,
        hint: 'Make room or rights there, then try again.',
      },
      { cause },
    );
  }
}

function draftOf(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.from('.np-draft')]);
}

/** A private copy (0600) that is on the disk when this is done. */
export async function copyDurably(from: string | Buffer, to: string | Buffer): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o600);
  const handle = await open(to, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where in staging a change is made. */
export function placeOf(root: Root, change: Change): Buffer {
  const path = Buffer.from(change.path, 'base64');
  const base = Buffer.from(root.stagingPath);
  return path.length === 0 ? base : Buffer.concat([base, Buffer.from('/'), path]);
}

/** What is at a path, links not followed; null when nothing is. */
export async function lookAt(path: string | Buffer): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
