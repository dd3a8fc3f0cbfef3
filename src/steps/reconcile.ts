import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rewrite } from '../core/event.ts';
import { mapLink, movedOnly } from '../core/mapping.ts';
import { finalMode } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import type { TextRewrite } from '../core/rewrite.ts';
import { tellable } from '../core/rewrite.ts';
import type { RunFolder, Step, World } from '../core/step.ts';
import { isEntry, type Entry } from '../walk/entry.ts';
import { walk } from '../walk/walker.ts';
import { changesFile, readChanges, undoFolder, writeChanges, type Change } from '../walk/declared-changes.ts';
import { copyDurably, lookAt, placeOf, relink, replace, takeBack } from './make-change.ts';
import { removeReverseMap, reverseMap, writeReverseMap } from './reverse-map.ts';
import { addedEnv, carriedChange, isCarriedInto } from './carried-change.ts';
import { databaseChanges, isStateDatabase } from './databases.ts';
import { rewriterOf } from './rewriters.ts';
import { markDirty } from './staging-dir.ts';

/**
 * Makes the copy at home on the new machine: modes by place, old paths rewritten in config, session index, approvals, Git's own files
 * and absolute symlinks.
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
      const told: Told = { rewrites: [], carried: [], modesChanged: 0, modesTightened: [] };
      for (const root of plan.roots) {
        await markDirty(root);
        await mkdir(undoFolder(world.run, root), { recursive: true, mode: 0o700 });
        const list = changesFile(world.run, root);
        if ((await lookAt(list)) === null) await writeChanges(list, workOut(plan, root, world));
        for await (const change of readChanges(list)) await make({ plan, root, run: world.run, told }, change);
      }
      const map = await writeReverseMap(world.run, reverseMap(plan, told.rewrites));
      await world.emit({ type: 'run.reconciled', ...told, rewrites: told.rewrites.map(tellable), map });
    },
    async undo({ run }) {
      await removeReverseMap(run);
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
  carried: string[];
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
    const named = `original-${(count += 1)}`;
    if (isCarriedInto(plan, root, item.path)) yield* carriedChange({ plan, root, world, item, named });
    else if (isStateDatabase(root, item)) yield* databaseChanges({ plan, root, world, item, named });
    else if (item.type === 'file') yield* fileChange(plan, root, world, { item, original: named });
  }
  yield* addedEnv({ plan, root, world });
}

function* modeChange(path: Buffer, was: number, is: number): Generator<Change> {
  if (was !== is) yield { kind: 'mode', path: path.toString('base64'), was, is };
}

function* linkChange(plan: Plan, { path, link }: Entry): Generator<Change> {
  // One that leads to what does not move would lead to nothing, or to something else: it stays as evidence of what it meant.
  const target = link && mapLink(link, movedOnly(plan));
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
  const { content, rewrites } = rewrite(await readFile(source));
  if (rewrites.length === 0) return;
  await copyDurably(source, join(undoFolder(world.run, root), original));
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
  } else if (change.kind === 'added') {
    await replace(path, { file: join(undoFolder(run, root), change.ready) }, change);
    told.carried.push(...change.carried);
  } else {
    await makeFile({ plan, root, run, told }, change);
  }
}

async function makeFile({ plan, root, run, told }: Site, change: Change & { kind: 'file' }): Promise<void> {
  const folder = undoFolder(run, root);
  const file = Buffer.from(change.path, 'base64');
  const tell = (rewrites: readonly TextRewrite[]): void => {
    told.rewrites.push(...rewrites.map((one) => ({ root: root.id, file: file.toString(), ...one })));
  };
  if (change.ready !== undefined) {
    told.carried.push(...(change.carried ?? []));
    await replace(placeOf(root, change), { file: join(folder, change.ready) }, change);
    if (change.told !== undefined) tell(JSON.parse(await readFile(join(folder, change.told), 'utf8')) as TextRewrite[]);
    return;
  }
  const rewritten = rewriterOf(plan, root, file)?.(await readFile(join(folder, change.original)));
  if (!rewritten) throw new Error(`nothing rewrites ${file.toString()}`);
  await replace(placeOf(root, change), rewritten.content, change);
  tell(rewritten.rewrites);
}
