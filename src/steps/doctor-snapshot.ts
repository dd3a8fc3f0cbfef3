import { constants } from 'node:fs';
import { access, chmod, copyFile, lutimes, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseOf, isDatabase } from '../core/database-files.ts';
import { roomOf } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { renamesIn, type Change } from '../walk/changes.ts';
import type { Entry } from '../walk/entry.ts';
import { readManifest } from '../walk/manifest.ts';

/** A file larger than this that is neither a database nor JSON is no doctor's business. */
const SMALL_BYTES = 1024 * 1024;

/**
 * May the product's doctor change the content of this file, or take it away? Config, indexes, databases and whatever else is small in the
 * state; never a transcript, and nothing in a workspace. Pure.
 */
export function isDoctors({ type, path, size }: Entry, { room, workspaces }: Root): boolean {
  if (type !== 'file' || roomOf({ path, room, workspaces }) !== 'state') return false;
  const name = path.toString('latin1');
  if (name.endsWith('.jsonl')) return false;
  return size <= SMALL_BYTES || /\.json5?$/.test(name) || isDatabase(name) || databaseOf(name) !== null;
}

/** Is there a whole snapshot? What comes after it may have changed what it was taken of. Read-only. */
export function hasSnapshot(run: RunFolder): Promise<boolean> {
  return access(wholeMark(run)).then(
    () => true,
    () => false,
  );
}

/**
 * Keeps what doctor may change, and where the file system can share content everything, in the run's folder (0700). Repeatable while
 * doctor has not run; one that is whole is to be left alone. Throws `disk-full`.
 */
export async function takeSnapshot(run: RunFolder, plan: Plan, manifestOf: (root: Root) => string): Promise<void> {
  await dropSnapshot(run);
  await mkdir(folderOf(run), { recursive: true, mode: 0o700 });
  try {
    for (const root of plan.roots) await keep(run, root, manifestOf(root));
  } catch (thrown) {
    throw withoutRoom(thrown);
  }
  await writeFile(wholeMark(run), '', { mode: 0o600, flush: true });
}

/** Takes the snapshot away. Repeatable. */
export async function dropSnapshot(run: RunFolder): Promise<void> {
  await rm(wholeMark(run), { force: true });
  await rm(folderOf(run), { recursive: true, force: true });
}

async function keep(run: RunFolder, root: Root, manifest: string): Promise<void> {
  let shares: boolean | null = null;
  for await (const entry of readManifest(manifest)) {
    const to = keptAt(run, root, entry.path);
    if (entry.type === 'dir') await mkdir(to, { recursive: true, mode: 0o700 });
    if (entry.type !== 'file') continue;
    await mkdir(join(folderOf(run), root.id), { recursive: true, mode: 0o700 });
    const from = within(root.livePath, entry.path);
    const isShared: boolean = shares === false ? false : await shared(from, to);
    shares ??= isShared;
    if (!isShared && isDoctors(entry, root)) await copyFile(from, to);
  }
}

/** Without a copy of its own, where the file system can. */
async function shared(from: Buffer, to: Buffer): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Each file system and kernel has its own word for no.
    if (!['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM', 'EBADF'].includes(code)) throw error;
    await rm(to, { force: true });
    return false;
  }
}

/**
 * Makes a live root as it was in `manifest`, given all that has changed since; what was not kept and is not merely called otherwise stays
 * as it is. Repeatable. Throws the system's errors.
 */
export async function restore(
  run: RunFolder,
  root: Root,
  { changes, manifest }: { changes: readonly Change[]; manifest: string },
): Promise<void> {
  if (changes.length === 0) return;
  const at = (path: Buffer): Buffer => within(root.livePath, path);
  const renamed = renamesIn(changes);
  const back = new Set([...renamed.values()].map((is) => is.path));
  for (const { was } of changes) if (was?.type === 'dir') await rebuild(at(was.path), was);
  for (const [was, is] of renamed) await rename(at(is.path), at(was.path));
  for (const { path, was, is } of changes.toReversed()) {
    if (is && !back.has(is.path) && was?.type !== is.type) await rm(at(path), { recursive: true, force: true });
  }
  for (const { was, is } of changes)
    if (was && was.type !== 'dir') await putBack({ run, root, was, is, isBack: renamed.has(was) });
  const touched = foldersOf(changes);
  const folders: Entry[] = [];
  for await (const entry of readManifest(manifest))
    if (entry.type === 'dir' && touched.has(key(entry.path))) folders.push(entry);
  for (const folder of folders.toReversed()) await dress(at(folder.path), folder);
}

interface PuttingBack {
  readonly run: RunFolder;
  readonly root: Root;
  readonly was: Entry;
  readonly is: Entry | null;
  readonly isBack: boolean;
}

async function putBack({ run, root, was, is, isBack }: PuttingBack): Promise<void> {
  const at = within(root.livePath, was.path);
  if (was.type === 'symlink') {
    await rm(at, { force: true });
    await symlink(was.link ?? Buffer.alloc(0), at);
    await lutimes(at, seconds(was), seconds(was));
    return;
  }
  const isWhole = isBack || (is?.type === 'file' && is.hash === was.hash);
  if (!isWhole && !(await fromSnapshot(keptAt(run, root, was.path), at))) return;
  await dress(at, was);
}

/** In one piece: what is half there after a crash is another name. */
async function fromSnapshot(kept: Buffer, to: Buffer): Promise<boolean> {
  const beside = Buffer.concat([to, Buffer.from('.np-back')]);
  try {
    await copyFile(kept, beside, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await rename(beside, to);
  return true;
}

/** A directory that is gone, or has become something else. */
async function rebuild(at: Buffer, was: Entry): Promise<void> {
  await mkdir(at, { recursive: true, mode: was.mode }).catch(async (error: unknown) => {
    if (!['EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await rm(at, { force: true });
    await mkdir(at, { recursive: true, mode: was.mode });
  });
}

async function dress(at: Buffer, was: Entry): Promise<void> {
  await chmod(at, was.mode);
  await utimes(at, seconds(was), seconds(was));
}

/** Those that changed, and those in which something did. */
function foldersOf(changes: readonly Change[]): ReadonlySet<string> {
  return new Set(
    changes.flatMap(({ path }) => [key(path), key(path.subarray(0, Math.max(0, path.lastIndexOf(0x2f))))]),
  );
}

function key(path: Buffer): string {
  return path.toString('latin1');
}

function seconds({ mtimeNs }: Entry): number {
  return Number(mtimeNs / 1000n) / 1e6;
}

function within(folder: string, path: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), path]);
}

function folderOf(run: RunFolder): string {
  return join(run.path, 'undo-new', 'doctor');
}

function wholeMark(run: RunFolder): string {
  return `${folderOf(run)}.whole`;
}

function keptAt(run: RunFolder, root: Root, path: Buffer): Buffer {
  return within(join(folderOf(run), root.id), path);
}

function withoutRoom(thrown: unknown): unknown {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  const words = {
    message: 'What doctor may change could not be kept: the disk of this machine is full.',
    hint: 'Make room (df -h), then try again.',
  };
  return fail('disk-full', words, { cause: thrown });
}
