import type { Plan, Root } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { toRsyncFilters } from '../core/exclude.ts';
import { onlyFilesFilters } from '../core/only-files.ts';
import { runOk } from '../host/run.ts';
import { keep, type Step, type World } from '../core/step.ts';
import { pull, type PullStats } from '../transfer/pull.ts';
import { speaksPlainly } from '../transfer/rsync-version.ts';
import { clearDirty, isDirty, makeStaging } from './staging-dir.ts';

/** A lost line is taken up again this often without a byte of progress in between. */
const FRUITLESS_TRIES = 5;
/** While the gateway lives files vanish and change under rsync; after so many passes the rest is left to the last delta. */
const LIVE_PASSES = 3;
/** For a command that does nothing, once there is a line. */
const ANSWER_MS = 60_000;

/** The first copy, and every later pass while the old gateway still serves. A lost line is taken up where it broke. */
export function seed(plan: Plan): Step<null> {
  return {
    id: 'seed',
    title: 'Copy into staging while the old gateway goes on serving',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      for (const root of plan.roots) {
        await makeStaging(root, plan.new.uid);
        await livePasses(plan, root, world);
      }
    },
    undo: keep('staging serves the next try'),
  };
}

/** The last pass, with the old gateway stopped: nothing may vanish or change now, and a lost line unwinds. */
export function lastDelta(plan: Plan): Step<null> {
  return {
    id: 'last-delta',
    title: 'Copy what changed since',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      for (const root of plan.roots) {
        await makeStaging(root, plan.new.uid);
        await pass(plan, root, world, { step: 'last-delta', live: false });
      }
    },
    undo: keep('staging serves the next try'),
  };
}

async function livePasses(plan: Plan, root: Root, world: World): Promise<void> {
  for (let n = 1; n <= LIVE_PASSES; n += 1) {
    const stats = await untilTheLineHolds(plan, root, world);
    if (!stats.partial) return;
  }
}

async function untilTheLineHolds(plan: Plan, root: Root, world: World): Promise<PullStats> {
  for (let fruitless = 0; ;) {
    let moved = 0;
    try {
      return await pass(plan, root, world, { step: 'seed', live: true, onBytes: (bytes) => (moved = bytes) });
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.code !== 'connection-lost') throw error;
      fruitless = moved > 0 ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS_TRIES) throw error;
      await world.emit({ type: 'notice', message: 'The connection was lost. Connecting again; what arrived is kept.' });
      await lineIsBack(plan, world);
    }
  }
}

/** Waits for the line by a command that does nothing: a pass that waited itself would be taken for one that has stalled. */
async function lineIsBack({ limits }: Plan, { old, clock, signal }: World): Promise<void> {
  await runOk(old, ['true'], { clock, signal, timeoutMs: limits.reconnectMs + ANSWER_MS });
}

interface PassOptions {
  readonly step: string;
  readonly live: boolean;
  readonly onBytes?: (bytes: number) => void;
}

async function pass(plan: Plan, root: Root, world: World, { step, live, onBytes }: PassOptions): Promise<PullStats> {
  const startedMs = world.clock.now();
  const dirty = await isDirty(root);
  // Of two changes in one second the later one cannot be seen by times in whole seconds.
  const checksum = dirty || (!live && speaksPlainly(plan.old.rsync));
  const stats = await pull({
    old: world.old,
    local: world.new,
    oldPath: root.oldPath,
    stagingPath: root.stagingPath,
    rsyncOld: plan.old.rsync,
    rsyncNew: plan.new.rsync,
    node: plan.new.gateway.node,
    filters: filtersOf(plan, root),
    checksum,
    delete: { max: plan.limits.maxDelete },
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
  });
  if (dirty && !stats.partial) await clearDirty(root);
  const { files, bytes, wireBytes, deleted } = stats;
  await world.emit({ type: 'run.transferred', step, root: root.id, files, bytes, wireBytes, deleted });
  return stats;
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
