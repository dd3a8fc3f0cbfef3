import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
  open,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Rewrite } from '../core/event.ts';
import { mapLink } from '../core/mapping.ts';
import { finalMode } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { textOf } from '../core/json-text.ts';
import { rewriteConfig, rewriteSessions, type Rewritten } from '../core/rewrite.ts';
import type { RunFolder, Step, World } from '../core/step.ts';
import { isEntry, type Entry } from '../walk/entry.ts';
import { walk } from '../walk/walker.ts';
import { changesFile, readChanges, undoFolder, writeChanges, type Change } from '../walk/declared-changes.ts';
import { markDirty } from './staging-dir.ts';

const SESSION_INDEX = /^agents\/[^/]+\/sessions\/sessions\.json$/;

/**
 * Makes the copy at home on the new machine: modes by place, old paths rewritten in config, session index and absolute symlinks.
 * All changes are worked out first and written down with their originals in the run's folder; then they are made, always from the
 * original, so that a crash anywhere is mended by making them again.
 */
export function reconcile(plan: Plan): Step<null> {
  return {
    id: 'reconcile',
    title: 'Set modes and rewrite the old paths',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const told: Told = { rewrites: [], modesChanged: 0, modesTightened: [] };
      for (const root of plan.roots) {
        await markDirty(root);
        await mkdir(undoFolder(world.run, root), { recursive: true, mode: 0o700 });
        const list = changesFile(world.run, root);
        if ((await lookAt(list)) === null) await writeChanges(list, workOut(plan, root, world));
        for await (const change of readChanges(list)) await make({ plan, root, run: world.run, told }, change);
      }
      await world.emit({ type: 'run.reconciled', ...told });
    },
    async undo({ run }) {
      for (const root of plan.roots) {
        for await (const change of readChanges(changesFile(run, root))) await takeBack(root, run, change);
        // The list goes first: without it nothing looks for the originals any more.
        await rm(changesFile(run, root), { force: true });
        await rm(undoFolder(run, root), { recursive: true, force: true });
      }
    },
  };
}

interface Told {
  rewrites: Rewrite[];
  modesChanged: number;
  modesTightened: string[];
}

async function* workOut(plan: Plan, root: Root, world: World): AsyncGenerator<Change> {
  const { room, workspaces, files } = root;
  const base = await lstat(root.stagingPath);
  yield* modeChange(
    Buffer.alloc(0),
    base.mode & 0o7777,
    finalMode({ mode: base.mode & 0o7777, type: 'dir', path: Buffer.alloc(0), room, workspaces }),
  );
  let count = 0;
  for await (const item of walk(root.stagingPath, { excludes: plan.excludes, room, workspaces, files, hash: false })) {
    if (!isEntry(item)) continue;
    world.signal.throwIfAborted();
    if (item.type === 'symlink') yield* linkChange(plan, item);
    else yield* modeChange(item.path, item.mode, finalMode({ ...item, room, workspaces }));
    if (item.type === 'file') yield* fileChange(plan, root, world, { item, original: `original-${(count += 1)}` });
  }
}

function* modeChange(path: Buffer, was: number, is: number): Generator<Change> {
  if (was !== is) yield { kind: 'mode', path: path.toString('base64'), was, is };
}

function* linkChange(plan: Plan, { path, link }: Entry): Generator<Change> {
  const target = link && mapLink(link, plan.mapping);
  if (!link || !target) return;
  yield { kind: 'link', path: path.toString('base64'), was: link.toString('base64'), is: target.toString('base64') };
}

async function* fileChange(
  plan: Plan,
  root: Root,
  world: World,
  { item, original }: { item: Entry; original: string },
): AsyncGenerator<Change> {
  const rewrite = rewriterOf(plan, root, item.path);
  if (!rewrite) return;
  const source = join(root.stagingPath, item.path.toString());
  const { text, rewrites } = rewrite(await readFile(source));
  if (rewrites.length === 0) return;
  await copyDurably(source, join(undoFolder(world.run, root), original));
  const content = Buffer.from(text);
  yield {
    kind: 'file',
    path: item.path.toString('base64'),
    original,
    mode: finalMode({ ...item, room: root.room, workspaces: root.workspaces }),
    mtimeNs: String(item.mtimeNs),
    sizeBytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

/** How a file's old paths are rewritten, or null for all the files that are never touched. */
function rewriterOf(plan: Plan, root: Root, path: Buffer): ((original: Buffer) => Rewritten) | null {
  const file = path.toString();
  const options = { file, oldHome: plan.old.home, newHome: plan.new.home };
  if (plan.configFiles.some((config) => config.root === root.id && config.file === file)) {
    return (original) => rewriteConfig(textOf(original, { file, code: 'config-malformed' }), plan.mapping, options);
  }
  if (root.room === 'state' && SESSION_INDEX.test(file)) {
    return (original) => rewriteSessions(textOf(original, { file, code: 'rewrite-failed' }), plan.mapping, options);
  }
  return null;
}

interface Site {
  readonly plan: Plan;
  readonly root: Root;
  readonly run: RunFolder;
  readonly told: Told;
}

async function make({ plan, root, run, told }: Site, change: Change): Promise<void> {
  const path = placeOf(root, change);
  const file = Buffer.from(change.path, 'base64');
  if (change.kind === 'mode') {
    await chmod(path, change.is);
    told.modesChanged += 1;
    if ((change.was & ~change.is & 0o077) !== 0 && root.room === 'state') told.modesTightened.push(file.toString());
  } else if (change.kind === 'link') {
    await relink(path, Buffer.from(change.is, 'base64'));
    const [from, to] = [change.was, change.is].map((text) => Buffer.from(text, 'base64').toString());
    told.rewrites.push({ root: root.id, file: file.toString(), at: 'symlink', from: from ?? '', to: to ?? '' });
  } else {
    const original = await readFile(join(undoFolder(run, root), change.original));
    const rewritten = rewriterOf(plan, root, file)?.(original);
    if (!rewritten) throw new Error(`nothing rewrites ${file.toString()}`);
    await replace(path, Buffer.from(rewritten.text), change);
    told.rewrites.push(...rewritten.rewrites.map((one) => ({ root: root.id, file: file.toString(), ...one })));
  }
}

/** What the product renamed or removed since it was swapped in stays so: the next pass, which compares contents, brings it again. */
async function takeBack(root: Root, run: RunFolder, change: Change): Promise<void> {
  const path = placeOf(root, change);
  const is = await lookAt(path);
  if (is === null || is.isSymbolicLink() !== (change.kind === 'link')) return;
  if (change.kind === 'mode') await chmod(path, change.was);
  else if (change.kind === 'link') await relink(path, Buffer.from(change.was, 'base64'));
  else if (is.isFile()) {
    const original = await readFile(join(undoFolder(run, root), change.original));
    // Its mode has been taken back by a line of its own, just before this one.
    await replace(path, original, { mode: is.mode & 0o7777, mtimeNs: change.mtimeNs });
  }
}

async function relink(path: Buffer, target: Buffer): Promise<void> {
  const fresh = Buffer.concat([path, Buffer.from('.np-link')]);
  // A crash may have left one, whichever way it was going.
  await rm(fresh, { force: true });
  if ((await readlink(path, 'buffer')).equals(target)) return;
  await symlink(target, fresh);
  await rename(fresh, path);
}

/** The new content appears whole or not at all, with the mode it is to have and the time it had. */
async function replace(
  path: Buffer,
  content: Buffer,
  { mode, mtimeNs }: { mode: number; mtimeNs: string },
): Promise<void> {
  const draft = Buffer.concat([path, Buffer.from('.np-draft')]);
  const folder = Buffer.from(dirname(path.toString('latin1')), 'latin1');
  const seconds = Number(mtimeNs) / 1e9;
  try {
    await writeFile(draft, content, { mode: 0o600, flush: true });
    await chmod(draft, mode);
    await utimes(draft, seconds, seconds);
    const was = await lstat(folder, { bigint: true });
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

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o600);
  const handle = await open(to, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function placeOf(root: Root, change: Change): Buffer {
  const path = Buffer.from(change.path, 'base64');
  const base = Buffer.from(root.stagingPath);
  return path.length === 0 ? base : Buffer.concat([base, Buffer.from('/'), path]);
}

async function lookAt(path: string | Buffer): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
