import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorChanges } from '../core/event.ts';
import type { Plan, Root } from '../core/plan.ts';
import { fail, problem, ProblemError, problemOf, type Problem } from '../core/problem.ts';
import type { Check, RunFolder, Step, World } from '../core/step.ts';
import { askDoctor, type DoctorSaid } from '../gateway/ask.ts';
import { readDoctor } from '../gateway/doctor.ts';
import { printable } from '../host/printable.ts';
import { changesBetween, renamesIn, type Change } from '../walk/changes.ts';
import { dropSnapshot, hasSnapshot, isDoctors, restore, takeSnapshot } from './doctor-snapshot.ts';

/** The output in the report is cut here: a doctor that says more than this has said enough. */
const REPORT_CHARS = 64 * 1024;
const MOST_PASSES = 3;
/** So many names of each kind are told; the run's folder has all of them. */
const TOLD = 20;

/** How what doctor works on is looked at, and what of it may not be lost. `keepWritten` as in `swap`. */
export interface DoctorWays {
  readonly trees: {
    readonly take: (world: World, moment: Moment) => Promise<void>;
    readonly file: (run: RunFolder, root: Root, moment: Moment) => string;
  };
  /** Made as soon as something has changed: what doctor drops is found before a gateway starts on it. */
  readonly lostNothing: Check;
  /** Transcripts that the move has left behind: what of doctor's complaints is ours. */
  readonly stranded: () => Promise<readonly string[]>;
  readonly keepWritten: boolean;
}

type Moment = 'before' | 'back' | number;

interface Changed extends Change {
  readonly root: Root;
}

/**
 * The product's own `doctor --non-interactive` on the swapped-in state, without a terminal and never with `--yes`, until a pass of it
 * changes nothing: at most three, each within its limit. What it may change is kept first, and put back on the way back. Its exit code
 * says little (0 even with problems), so what it did is seen in the trees, and its words are read: where it misses transcripts that lie
 * here under a path that their session does not name, old paths are left, and that stops. Throws `doctor-failed`, `doctor-overreached`, `doctor-complains`, `inventory-shrank`.
 */
export function doctor(plan: Plan, ways: DoctorWays): Step<null> {
  return {
    id: 'doctor',
    title: "Run the product's doctor",
    touches: 'new',
    before: () => Promise.resolve(null),
    async apply(world) {
      // After a crash doctor may have been at work: what was kept then is how it was.
      if (!(await hasSnapshot(world.run))) {
        await ways.trees.take(world, 'before');
        await takeSnapshot(world.run, plan, (root) => ways.trees.file(world.run, root, 'before'));
      }
      for (let pass = 1; pass <= MOST_PASSES; pass += 1) if (await isSettled(world, plan, { ways, pass })) return;
      const last = await changesOf(world, plan, { ways, from: MOST_PASSES - 1, to: MOST_PASSES });
      await world.emit({ type: 'run.warned', problem: unsettled(last) });
    },
    async undo(world) {
      if (!ways.keepWritten && (await hasSnapshot(world.run))) await putBack(world, plan, ways);
      await dropSnapshot(world.run);
    },
  };
}

/** One pass, and what is to be said of it. Did it change nothing more? */
async function isSettled(
  world: World,
  plan: Plan,
  { ways, pass }: { ways: DoctorWays; pass: number },
): Promise<boolean> {
  const said = await askDoctor(world.new, plan.new.gateway, { ...world, timeoutMs: plan.limits.doctorMs });
  await ways.trees.take(world, pass);
  const changes = await changesOf(world, plan, { ways, from: 'before', to: pass });
  await tell(world, { said, pass, changes });
  if (said.code !== 0) throw failed(said);
  const taken = overreaching(changes);
  if (taken.length > 0) throw overreached(taken);
  if (changes.some(({ was }) => was !== null)) {
    const [lost] = await ways.lostNothing.run(world);
    if (lost) throw new ProblemError(lost);
  }
  const seen = readDoctor(said.text);
  if (seen.missingTranscripts > 0 || seen.orphans > 0) {
    const stranded = await ways.stranded();
    if (stranded.length > 0) throw complains(seen.integrity, stranded);
    if (pass === 1) await world.emit({ type: 'run.warned', problem: complainedBefore(seen.integrity) });
  }
  if (changes.length === 0) return true;
  const more = pass === 1 ? changes : await changesOf(world, plan, { ways, from: pass - 1, to: pass });
  return more.length === 0;
}

async function changesOf(
  { run }: World,
  plan: Plan,
  { ways, from, to }: { ways: DoctorWays; from: Moment; to: Moment },
): Promise<Changed[]> {
  const changed: Changed[] = [];
  for (const root of plan.roots) {
    const [was, is] = [ways.trees.file(run, root, from), ways.trees.file(run, root, to)];
    // A time that is set anew changes nothing for anybody.
    for (const change of await changesBetween(was, is, ['mtimeNs'])) changed.push({ root, ...change });
  }
  return changed;
}

/** What only a person could want: another content of what is not a doctor's, or its end. Transcripts that are gone are counted by their names. */
function overreaching(changes: readonly Changed[]): Changed[] {
  const renamed = renamesIn(changes);
  return changes.filter(({ root, was, is }) => {
    if (was?.type !== 'file' || isDoctors(was, root) || renamed.has(was)) return false;
    return is === null ? !was.path.toString('latin1').endsWith('.jsonl') : is.type !== 'file' || is.hash !== was.hash;
  });
}

async function tell(
  world: World,
  { said, pass, changes }: { said: DoctorSaid; pass: number; changes: readonly Changed[] },
): Promise<void> {
  const lines = changes.map((change) => `${JSON.stringify({ what: kindOf(change), name: nameOf(change) })}\n`);
  await writeFile(join(world.run.path, 'doctor-changes.ndjson'), lines.join(''), { mode: 0o600 });
  const output = said.text
    .split('\n')
    .map((line) => printable(line))
    .join('\n')
    .slice(0, REPORT_CHARS);
  await world.emit({ type: 'run.doctor', exitCode: said.code ?? -1, output, pass, changes: summaryOf(changes) });
}

function summaryOf(changes: readonly Changed[]): DoctorChanges {
  const named = (kind: 'added' | 'changed' | 'removed'): string[] =>
    changes
      .filter((change) => kindOf(change) === kind)
      .slice(0, TOLD)
      .map(nameOf);
  return { count: changes.length, added: named('added'), changed: named('changed'), removed: named('removed') };
}

function kindOf({ was, is }: Change): 'added' | 'changed' | 'removed' {
  return was === null ? 'added' : is === null ? 'removed' : 'changed';
}

function nameOf({ root, path }: Changed): string {
  return `${root.livePath}/${printable(path)}`;
}

/** As it was before the first pass; what cannot be is left for the swap and the next copy, which compares contents. */
async function putBack(world: World, plan: Plan, { trees }: DoctorWays): Promise<void> {
  try {
    await trees.take(world, 'back');
    for (const root of plan.roots) {
      const [manifest, is] = [trees.file(world.run, root, 'before'), trees.file(world.run, root, 'back')];
      await restore(world.run, root, { manifest, changes: await changesBetween(manifest, is) });
    }
  } catch (error) {
    const { message } = problemOf(error);
    await world.emit({
      type: 'notice',
      message: `Not all that doctor did was put back before the copy is copied anew: ${message}`,
    });
  }
}

function failed({ code, text }: DoctorSaid): Error {
  const last = printable(text.trim().split('\n').at(-1) ?? '');
  return fail('doctor-failed', {
    message: `doctor --non-interactive ended with ${code === null ? 'a signal' : `exit code ${code}`} on this machine: ${last}`,
    hint: 'The whole output is in the report (neo-pull report). Mend what it names on the old machine, then try again.',
  });
}

/** An installation that has lived for a while has some: a copy that was whole before has them too. */
function complainedBefore(integrity: readonly string[]): Problem {
  return problem('doctor-complained-before', {
    message: `doctor finds sessions and transcripts that do not fit together: ${inWords(integrity)}`,
    hint: 'So it is on the old machine. Look at them when all has settled; doctor --yes would rename such transcripts.',
  });
}

function inWords(integrity: readonly string[]): string {
  return integrity.map((line) => printable(line)).join(' ');
}

function complains(integrity: readonly string[], stranded: readonly string[]): Error {
  const some = stranded.slice(0, 3).map((path) => printable(path));
  return fail('doctor-complains', {
    message: `doctor finds session transcripts missing or orphaned after the move: ${inWords(integrity)} Their sessions name them elsewhere: ${some.join(', ')}`,
    hint: 'Please report this with the report of the run (neo-pull report): a path was not rewritten.',
  });
}

function overreached(taken: readonly Changed[]): Error {
  const words = taken.slice(0, 5).map((change) => `${nameOf(change)} (${kindOf(change)})`);
  const more = taken.length > words.length ? ` and ${taken.length - words.length} more` : '';
  return fail('doctor-overreached', {
    message: `doctor changed what is neither config nor index nor database: ${words.join(', ')}${more}.`,
    hint: 'Nothing is lost on the old machine. See what doctor did (neo-pull report); another release of the product may do better.',
    detail: taken.slice(0, 200).map((change) => ({ what: kindOf(change), name: nameOf(change) })),
  });
}

function unsettled(still: readonly Changed[]) {
  const names = still.slice(0, 5).map(nameOf);
  return problem('doctor-unsettled', {
    message: `doctor ran ${MOST_PASSES} times, and its last pass still changed ${still.length === 1 ? 'something' : `${still.length} names`}: ${names.join(', ')}.`,
    hint: 'See whether it means something to you: neo-pull report',
    detail: still.slice(0, 200).map((change) => ({ what: kindOf(change), name: nameOf(change) })),
  });
}
