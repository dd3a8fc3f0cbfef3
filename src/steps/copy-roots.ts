import type { Places } from '../core/follow.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problemOf, ProblemError } from '../core/problem.ts';
import { runOk } from '../host/run.ts';
import { keep, type Check, type Step, type World } from '../core/step.ts';
import type { PullStats } from '../transfer/pull.ts';
import { databasesIn } from './pending.ts';
import { withOtherNames } from './several-names.ts';
import { pass, takesPlaces, type PassOptions } from './pass.ts';
import { makeStaging } from './staging-dir.ts';

/** A lost line is taken up again this often without a byte of progress in between. */
const FRUITLESS_TRIES = 5;
/** While the gateway lives files vanish and change under rsync; after so many passes the rest is left to the last delta. */
const LIVE_PASSES = 3;
/** For a command that does nothing, once there is a line. */
const ANSWER_MS = 60_000;

/**
 * The first copy, and every later pass while the old gateway still serves. A lost line is taken up where it broke. Nothing is copied where
 * the guard sees that the old machine is not as the Plan knows it.
 */
export function seed(plan: Plan, guard: Check): Step<null> {
  return {
    id: 'seed',
    title: 'Copy into staging while the old gateway goes on serving',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const stopping = (await guard.run(world)).find(({ stops }) => stops);
      if (stopping) throw new ProblemError(stopping);
      for (const root of plan.roots) {
        await makeStaging(root, plan.new.uid);
        await livePasses(plan, root, world);
      }
    },
    undo: keep('staging serves the next try'),
  };
}

/** Knows what changed on the old machine since it was staged, where that is proven. */
export interface Tail {
  /** What the last pass has to look at, by root; null where only everything will do. */
  lastPlaces(world: World): Promise<Places | null>;
  /** How many entries of a root the last pass may delete in staging; null where that is not known. */
  most(root: Root): number | null;
  /** As in a pass over places. */
  readonly seeksGone: boolean;
}

/**
 * The last pass, with the old gateway stopped: nothing may vanish or change now, and a lost line unwinds. It looks at everything, and at
 * databases by their content; where a Tail has the proof, only at what changed since.
 */
export function lastDelta(plan: Plan, tail: Tail | null = null): Step<null> {
  return {
    id: 'last-delta',
    title: 'Copy what changed since',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const places = (await tail?.lastPlaces(world)) ?? null;
      for (const root of plan.roots) {
        await makeStaging(root, plan.new.uid);
        await lastPasses(
          { plan, root, world, most: tail?.most(root) ?? null, seeksGone: tail?.seeksGone ?? false },
          places,
        );
      }
    },
    undo: keep('staging serves the next try'),
  };
}

/** What one last pass has to do with. */
interface Last {
  readonly plan: Plan;
  readonly root: Root;
  readonly world: World;
  /** As in a Tail. */
  readonly most: number | null;
  readonly seeksGone: boolean;
}

async function lastPasses(last: Last, places: Places | null): Promise<void> {
  if (!places) return everything(last);
  const only = places.get(last.root.id) ?? [];
  if (only.length === 0) return;
  try {
    await lastPass(last, only);
  } catch (error) {
    // It may have been about the places, and nobody is served meanwhile: everything is looked at before all of it is taken back.
    if (!(error instanceof ProblemError) || error.problem.code !== 'transfer-failed') throw error;
    await last.world.emit({ type: 'notice', message: `Everything is looked at instead: ${error.problem.message}` });
    await everything(last);
  }
}

/**
 * Everything, and then once more what times may not tell of: a database can be written to without a change of its size or time, so its file
 * and its log are compared by their bytes. An rsync that takes no list compares everything so.
 */
async function everything(last: Last): Promise<void> {
  const { plan, root } = last;
  await lastPass(last);
  const databases = takesPlaces(plan) ? await databasesIn(root) : [];
  // A database may be one file with a name that is none of a database.
  if (databases.length > 0) await lastPass(last, await withOtherNames(root, databases));
}

async function lastPass({ plan, root, world, ...known }: Last, only?: readonly Buffer[]): Promise<void> {
  await tellingPass(plan, root, world, { step: 'last-delta', live: false, ...known, ...(only ? { only } : {}) });
}

/**
 * The last pass, rehearsed while the old gateway serves: it looks at the same as that one, and what vanishes or changes under it is left to the
 * real one.
 */
export function rehearsedDelta(plan: Plan): Step<null> {
  return {
    id: 'rehearse-last-delta',
    title: 'Copy what changed since',
    touches: 'staging',
    before: () => Promise.resolve(null),
    apply: (world) => copyLive(plan, world),
    undo: keep('staging serves the next try'),
  };
}

/** One pass over everything, and one over the databases, while the old gateway serves. Repeatable. */
export async function copyLive(plan: Plan, world: World): Promise<void> {
  const options = { step: 'rehearse-last-delta', live: true } as const;
  for (const root of plan.roots) {
    await tellingPass(plan, root, world, options);
    const databases = takesPlaces(plan) ? await databasesIn(root) : [];
    if (databases.length === 0) continue;
    await tellingPass(plan, root, world, { ...options, only: await withOtherNames(root, databases) }).catch(
      unlessLimited(world),
    );
  }
}

/** A key that may only look takes no lists. While the gateway writes, nothing but time is lost by that. */
function unlessLimited({ emit }: World): (error: unknown) => Promise<void> {
  return async (error) => {
    if (problemOf(error).code !== 'account-read-only') throw error;
    await emit({
      type: 'notice',
      message:
        'With this key databases are not compared by their bytes here, so a move takes somewhat longer than that.',
    });
  };
}

/** Copies files once more after the last pass, by their content; everything where the other end takes no list. */
export function copyAgain(plan: Plan): (root: Root, files: readonly Buffer[], world: World) => Promise<void> {
  return async (root, files, world) => {
    const only = takesPlaces(plan) ? { only: files } : {};
    await tellingPass(plan, root, world, { ...only, step: 'last-delta', live: false });
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
      return await tellingPass(plan, root, world, { step: 'seed', live: true, onBytes: (bytes) => (moved = bytes) });
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

/** A pass that the report counts. */
async function tellingPass(plan: Plan, root: Root, world: World, options: PassOptions): Promise<PullStats> {
  const stats = await pass(plan, root, world, options);
  const { files, bytes, wireBytes, deleted } = stats;
  await world.emit({ type: 'run.transferred', step: options.step, root: root.id, files, bytes, wireBytes, deleted });
  return stats;
}
