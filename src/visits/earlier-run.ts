import type { Event } from '../core/event.ts';
import type { Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { isLeftOver } from '../core/rehearsal-plan.ts';
import { EMPTY_RUN, foldRun, type RunState } from '../core/run-state.ts';
import { anyOpen } from '../core/running.ts';
import type { RunFolder } from '../core/step.ts';
import { pasteable } from '../host/pasteable.ts';
import { cutover } from '../migrate.ts';
import { readJournal } from '../run/journal.ts';
import { listRuns, openRun, type StateHome } from '../run/runs.ts';

/** A run as its Journal tells it, read without changing anything. */
export interface EarlierRun {
  readonly folder: RunFolder;
  readonly events: readonly Event[];
  readonly state: RunState;
}

/** The run that is named by its id or the beginning of it, or the latest (null). Throws `run-unknown`, `journal-damaged`. */
export async function runNamed(home: StateHome, wanted: string | null): Promise<EarlierRun> {
  return readRun(await openRun(home, wanted));
}

/** As `runNamed`; without a name the latest run that is no rehearsal. Throws `run-not-ready` for a rehearsal, which is nothing to go on with. */
export async function moveNamed(home: StateHome, wanted: string | null): Promise<EarlierRun> {
  const run = await latest(home, wanted, ({ state }) => !state.plan?.rehearsal);
  if (!run.state.plan?.rehearsal) return run;
  throw fail('run-not-ready', {
    message: `Run ${run.folder.id} was a rehearsal: there is nothing to go on with.`,
    hint: `To move: neo-pull ${pasteable(run.state.plan.target)}`,
  });
}

/** As `runNamed`; without a name the latest run that is no rehearsal, or one that was broken off. */
export function workNamed(home: StateHome, wanted: string | null): Promise<EarlierRun> {
  return latest(home, wanted, ({ state }) => !state.plan?.rehearsal || isLeftOver(state));
}

async function latest(
  home: StateHome,
  wanted: string | null,
  isMeant: (run: EarlierRun) => boolean,
): Promise<EarlierRun> {
  const named = await runNamed(home, wanted);
  if (wanted !== null || isMeant(named)) return named;
  return (await allRuns(home)).findLast(isMeant) ?? named;
}

/** All runs that can be read, oldest first; a damaged one is passed over. */
export async function allRuns(home: StateHome): Promise<readonly EarlierRun[]> {
  const runs: EarlierRun[] = [];
  for (const folder of await listRuns(home)) {
    const run = await readRun(folder).catch(() => null);
    if (run) runs.push(run);
  }
  return runs;
}

/**
 * The latest run of the same move, to go on with. Throws `run-not-ready` when its cutover was broken off: that has to be ended first.
 * A move that was taken back after its commit is a closed book: what it kept must stay as it is.
 */
export async function earlierRun(home: StateHome, key: string): Promise<EarlierRun | null> {
  const same = (await allRuns(home)).filter((run) => run.state.plan?.key === key);
  const latest = same.at(-1);
  if (!latest || isClosed(latest)) return null;
  refuseMidway(latest);
  return latest;
}

/** Throws `run-not-ready` while something is changed that is neither final nor undone. */
export function refuseMidway(run: EarlierRun): void {
  if (isMidway(run.state)) throw notReady(run.folder, 'its cutover was broken off in the middle');
}

/** Is a cutover under way: something changed that is neither final nor undone? */
export function isMidway(state: RunState): boolean {
  if (!state.plan || isMoved(state)) return false;
  return anyOpen(state, cutover(state.plan, { committed: state.committed }));
}

export function isMoved(state: RunState): boolean {
  return state.finished?.outcome === 'moved';
}

/** Throws `run-not-ready` for a run whose move was taken back after its commit: what it kept must stay as it is. */
export function refuseClosed(run: EarlierRun): void {
  if (isClosed(run)) refuseOver(run);
}

/** Throws `run-not-ready` for a run that is over: it was taken back, and going on with it would be a move that nobody asked for. */
export function refuseOver(run: EarlierRun): void {
  if (run.state.finished?.outcome === 'unfenced') {
    throw fail('run-not-ready', {
      message: `The old machine of run ${run.folder.id} was given its autostart back (neo-pull unfence): there is nothing to go on with.`,
      hint: `Put the rest back too: neo-pull rollback ${run.folder.id}`,
    });
  }
  if (run.state.finished?.outcome !== 'rolled-back' && !isClosed(run)) return;
  throw fail('run-not-ready', {
    message: `Run ${run.folder.id} was rolled back: there is nothing to go on with.`,
    hint: `To move after all: neo-pull ${pasteable(run.state.plan?.target ?? 'user@old')}`,
  });
}

/** Throws `run-not-ready` for a run of which nothing stands, while a later run of the same move has moved the gateway or is midway. */
export async function refuseSuperseded(home: StateHome, run: EarlierRun): Promise<void> {
  if (isMoved(run.state) || isMidway(run.state)) return;
  const later = (await allRuns(home)).filter(
    (one) => one.folder.id > run.folder.id && one.state.plan?.key === run.state.plan?.key,
  );
  const stands = later.findLast((one) => isMoved(one.state) || isMidway(one.state));
  if (!stands) return;
  throw fail('run-not-ready', {
    message: `Run ${run.folder.id} changed nothing that stands; the gateway was moved by run ${stands.folder.id}.`,
    hint: `You mean that one: neo-pull status ${stands.folder.id}`,
  });
}

/** Throws `locked` when the run has gone on since it was read, before the lock was taken. */
export async function refuseIfChanged(home: StateHome, read: EarlierRun | null, key: string): Promise<void> {
  const now = read ? await readRun(read.folder) : await earlierRun(home, key);
  if ((now?.events.length ?? 0) === (read?.events.length ?? 0)) return;
  throw fail('locked', {
    message: 'Another neo-pull has worked on the same gateway meanwhile. Nothing was changed by this one.',
    hint: 'See where things stand: neo-pull status',
  });
}

function isClosed({ events, state }: EarlierRun): boolean {
  return !isMoved(state) && !state.committed && events.some((event) => event.type === 'run.committed');
}

async function readRun(folder: RunFolder): Promise<EarlierRun> {
  const events = await readJournal(folder.path);
  return { folder, events, state: events.reduce(foldRun, EMPTY_RUN) };
}

/** The agreed Plan of a run. Throws `run-not-ready` where there is none. */
export function agreedPlan({ folder, state }: EarlierRun): Plan {
  if (state.plan) return state.plan;
  throw fail('run-not-ready', {
    message: `Run ${folder.id} ended before it had a plan. Nothing was changed.`,
    hint: 'There is nothing to go on with or to put back. Start anew: neo-pull user@old',
  });
}

function notReady(folder: RunFolder, why: string): Error {
  return fail('run-not-ready', {
    message: `Run ${folder.id}: ${why}.`,
    hint: `Go on with it: neo-pull resume ${folder.id}. Or put everything back: neo-pull rollback ${folder.id}`,
  });
}
