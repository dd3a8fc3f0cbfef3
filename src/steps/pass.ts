import { rm } from 'node:fs/promises';
import { isDatabase } from '../core/database-files.ts';
import { excludeMatcher, toRsyncFilters } from '../core/exclude.ts';
import { onlyFilesFilters, onlyFilesMatcher } from '../core/only-files.ts';
import { mostDeletions } from '../core/most-deletions.ts';
import { mostReceived } from '../core/most-received.ts';
import type { Plan, Root } from '../core/plan.ts';
import type { World } from '../core/step.ts';
import { pull, type PullOptions, type PullStats } from '../transfer/pull.ts';
import { speaksPlainly } from '../transfer/rsync-version.ts';
import { databasesIn } from './pending.ts';
import { seekGone } from './seek-gone.ts';
import { entriesIn, sparingly } from './sparing.ts';
import { clearDirty, isDirty } from './staging-dir.ts';

/** How one pass over one root is made. */
export interface PassOptions {
  /** Under whose name it is told. */
  readonly step: string;
  /** Does the old gateway serve? Then files may vanish and change meanwhile, and nothing has to be on the disk yet. */
  readonly live: boolean;
  /** Only these places, relative to the root; all of it without. */
  readonly only?: readonly Buffer[];
  /** Cannot the rsync of this machine be told that a place is gone? Then it is sought. */
  readonly seeksGone?: boolean;
  /** How many entries it may delete in staging, where that is known; without it, it counts what is there. */
  readonly most?: number | null;
  readonly onBytes?: (bytes: number) => void;
}

/** Is a list of places, in place of the whole tree, something that both ends understand? */
export function takesPlaces({ old }: Plan): boolean {
  return !speaksPlainly(old.rsync);
}

const NOTHING: PullStats = {
  ...{
    files: 0,
    bytes: 0,
    wireBytes: 0,
    deleted: 0,
    created: 0,
    tree: null,
    partial: false,
    vanished: false,
    isSpared: false,
    errors: [],
  },
};

/** One pass of rsync over one root, told as it goes on. Throws what `pull` throws. */
export async function pass(plan: Plan, root: Root, world: World, options: PassOptions): Promise<PullStats> {
  const { step, live, onBytes } = options;
  const only = options.only?.filter(copiedOf(plan, root));
  if (only?.length === 0) return NOTHING;
  const said = plan.limits.maxDelete;
  const startedMs = world.clock.now();
  const dirty = await isDirty(root);
  // Of two changes in one second the later one cannot be seen by times in whole seconds.
  const checksum = dirty || (!live && speaksPlainly(plan.old.rsync));
  const asked: PullOptions = {
    old: world.old,
    local: world.new,
    oldPath: root.oldPath,
    stagingPath: root.stagingPath,
    rsyncOld: plan.old.rsync,
    rsyncNew: plan.new.rsync,
    node: plan.new.gateway.node,
    filters: filtersOf(plan, root),
    ...(only ? { only } : {}),
    checksum,
    // What was told to have changed may have done so within one tick of its clock.
    ignoreTimes: only !== undefined,
    delete: { max: options.most ?? mostDeletions({ said, entries: said > 0 ? 0 : await entriesIn(root) }) },
    most: mostReceived(plan.limits, root),
    bwlimitKiBps: plan.limits.bwlimitKiBps,
    stallMs: plan.limits.stallMs,
    live,
    // What the swap will put in place is on the disk before it gets its name.
    fsync: !live,
    clock: world.clock,
    signal: world.signal,
    onProgress(seen) {
      onBytes?.(seen.bytes);
      const told = {
        type: 'progress',
        step,
        root: root.id,
        ...rate(root, seen, world.clock.now() - startedMs),
      } as const;
      // Nobody waits for it, so nobody would catch it; where nothing can be told any more, the next event that is awaited says so.
      world.emit(told).catch(() => undefined);
    },
  };
  if (dirty && !only) await dropSharedMemory(root);
  const make = live ? sparingly : pull;
  const stats = only && options.seeksGone === true ? await seekGone({ ...asked, only }, make) : await make(asked);
  if (dirty && !only && !stats.partial) await clearDirty(root);
  return stats;
}

/** Is this place copied, be it a file or a directory? An rsync that is asked for one that is not refuses the whole list. */
function copiedOf({ excludes }: Plan, { room, workspaces, files }: Root): (path: Buffer) => boolean {
  if (files !== null) return onlyFilesMatcher(files);
  const ruleOf = excludeMatcher(excludes, room, workspaces);
  return (path) => ruleOf(path, false) === null;
}

/** A gateway that was quietly started on the copy, and taken back, may have left what no pass looks at. It says nothing of the log that comes now. */
async function dropSharedMemory(root: Root): Promise<void> {
  for (const path of await databasesIn(root)) {
    const file = path.toString('latin1');
    const beside = Buffer.from(`${file}-shm`, 'latin1');
    if (isDatabase(file)) await rm(Buffer.concat([Buffer.from(`${root.stagingPath}/`), beside]), { force: true });
  }
}

function filtersOf(plan: Plan, { room, workspaces, files }: Root): string[] {
  return files === null ? toRsyncFilters(plan.excludes, room, workspaces) : onlyFilesFilters(files);
}

/** Bytes and files are of this pass; the totals are those of the root, so time left is known only while a first copy runs. */
function rate(root: Root, seen: { bytes: number; files: number; totalFiles: number | null }, elapsedMs: number) {
  const bytesPerSecond = elapsedMs > 500 ? Math.round((seen.bytes * 1000) / elapsedMs) : null;
  return {
    bytes: seen.bytes,
    totalBytes: root.bytes,
    files: seen.files,
    totalFiles: seen.totalFiles,
    bytesPerSecond,
    leftMs: null,
  };
}
