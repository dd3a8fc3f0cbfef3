import { stat } from 'node:fs/promises';
import { finalMode, stagedMode } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problem, type Problem, type ProblemCode } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import type { Field } from '../walk/difference.ts';
import type { Entry } from '../walk/entry.ts';
import { compareManifests, type Comparison, type ManifestSummary } from '../walk/manifest.ts';
import { Auditor } from './auditor.ts';
import { manifestFile, takeKnowing, takeOf } from './manifests.ts';
import { Declared } from './declared.ts';
import { speaksPlainly } from '../transfer/rsync-version.ts';
import { together } from './together.ts';

/** Copies some files of a root once more, whatever their sizes and times say. */
export type CopyAgain = (root: Root, files: readonly Buffer[], world: World) => Promise<void>;

/** How the comparison is made in a cutover; by itself it reads everything, and mends nothing. */
export interface Wholeness {
  /** Copies once more what differs in its content alone. */
  readonly again?: CopyAgain;
  /** Of files that have not changed since `knownTrees` read them, on either machine, the hashes are taken from there. */
  readonly reusesHashes?: boolean;
}

/**
 * Before reconcile: staging is the old tree, taken now, byte for byte, but for the modes that a working copy needs. A file that was written twice
 * within one tick of its clock, or whose time was set back, differs in its content alone, which no pass by sizes and times can see: where
 * nothing else differs these are copied `again`, once, and everything is compared anew.
 */
export function copyIsWhole(plan: Plan, wholeness: Wholeness = {}): Check {
  const { again } = wholeness;
  return {
    id: 'copy-is-whole',
    title: 'Every file of the copy has the bytes, mode, time and links of the old one',
    async run(world) {
      const problems: Problem[] = [];
      for (const root of plan.roots) {
        let seen = await compareNow({ plan, root, wholeness }, world);
        if (again && seen.unreadable.length === 0 && seen.total > 0 && seen.stale.length === seen.total) {
          await world.emit({ type: 'notice', message: `${counted(seen.total)} without a change of size or time.` });
          await again(root, seen.stale, world);
          seen = await compareNow({ plan, root, wholeness }, world);
        }
        problems.push(
          ...seen.unreadable,
          ...differing('copy-differs', root, seen),
          ...special(plan, root, seen.staged),
        );
        if (problems.length === 0) await tell(world, root, seen.old);
      }
      return problems;
    },
  };
}

function counted(files: number): string {
  return files === 1 ? '1 file was rewritten' : `${files} files were rewritten`;
}

interface SeenNow extends Comparison {
  readonly old: ManifestSummary;
  readonly staged: ManifestSummary;
  readonly unreadable: readonly Problem[];
  /** What differs by its content alone. */
  readonly stale: readonly Buffer[];
}

async function compareNow(
  { plan, root, wholeness }: { plan: Plan; root: Root; wholeness: Wholeness },
  world: World,
): Promise<SeenNow> {
  const take = (tree: 'old' | 'staged'): Promise<ManifestSummary> =>
    wholeness.reusesHashes === true
      ? takeKnowing(world, plan, { root, tree, known: `${tree}-known` })
      : takeOf(world, plan, { root, tree, hash: true });
  const [old, staged] = await together([take('old'), take('staged')]);
  const files = [manifestFile(world.run, root, 'old'), manifestFile(world.run, root, 'staged')] as const;
  const stale: Buffer[] = [];
  const compared = await compareManifests(...files, {
    expect: (entry) => ({ ...entry, mode: stagedOf(entry), mtimeNs: timeSent(plan, entry) }),
    onContent: (path) => stale.push(path),
  });
  return { ...compared, old, staged, stale, unreadable: unreadable(root, old) };
}

/** Devices and pipes are in no manifest: the walk tells of them apart. */
function special(plan: Plan, root: Root, { specials }: ManifestSummary): Problem[] {
  const auditor = new Auditor(plan);
  for (const { path, rule } of specials) auditor.special(root, path, rule);
  return auditor.problems();
}

/** After reconcile: staging is the old tree with exactly the declared changes. Contents that nothing declared were just compared. */
export function copyAsPlanned(plan: Plan): Check {
  return {
    id: 'copy-as-planned',
    title: 'The copy has the declared modes and rewrites, and no other change',
    async run(world) {
      const problems: Problem[] = [];
      for (const root of plan.roots) {
        await takeOf(world, plan, { root, tree: 'reconciled', hash: false });
        const declared = await Declared.read(world.run, root);
        const files = [manifestFile(world.run, root, 'staged'), manifestFile(world.run, root, 'reconciled')] as const;
        const compared = await compareManifests(...files, {
          expect: (entry) => expected(entry, root, declared),
          expectAdded: (found) =>
            declared.isAdded(found.path) ? expected({ ...found, type: 'file', link: null }, root, declared) : null,
          ignore: (entry) => ignoredTimes(entry, declared),
        });
        problems.push(...differing('copy-not-as-planned', root, compared));
        problems.push(...(await declared.wrongContents(root)).map((file) => notAsWritten(root, file)));
      }
      return problems;
    },
  };
}

/** Between the two looks at the old tree lies at least so much: what writes now and then is given the time to. */
const APART_MS = 2000;

/** Just before the commit: nothing has written on the old machine since its tree was taken, two seconds ago or longer. */
export function oldUnchanged(plan: Plan): Check {
  return {
    id: 'old-unchanged',
    title: 'Nothing has written on the old machine since the stop',
    async run(world) {
      const problems: Problem[] = [];
      await standApart(world, plan);
      for (const root of plan.roots) {
        await takeOf(world, plan, { root, tree: 'old-again', hash: false });
        const files = [manifestFile(world.run, root, 'old'), manifestFile(world.run, root, 'old-again')] as const;
        const compared = await compareManifests(...files, { expect: (entry) => ({ ...entry, hash: null }) });
        problems.push(...differing('old-changed', root, compared));
      }
      return problems;
    },
  };
}

/** Waits for the rest; a clock that was set back makes it no longer. */
async function standApart({ run, clock, signal }: World, { roots }: Plan): Promise<void> {
  const taken = await Promise.all(roots.map((root) => stat(manifestFile(run, root, 'old'))));
  const newest = Math.max(...taken.map(({ mtimeMs }) => mtimeMs));
  const restMs = Math.min(APART_MS, newest + APART_MS - clock.now());
  if (restMs > 0) await clock.sleep(restMs, signal);
}

function expected(entry: Entry, root: Root, declared: Declared): Entry {
  const mode = finalMode({ ...entry, room: root.room, workspaces: root.workspaces });
  const change = declared.of(entry.path);
  return { ...entry, hash: null, mode, size: change?.sizeBytes ?? entry.size, link: change?.link ?? entry.link };
}

/** A rewritten file or link, and the directory it lies in, have the time they had as exactly as Node can set one: to the microsecond. */
function ignoredTimes(entry: Entry, declared: Declared): readonly Field[] {
  return declared.touches(entry.path) ? ['mtimeNs'] : [];
}

/** An old rsync sends whole seconds, and what lies between them is lost on the way. */
function timeSent({ old }: Plan, { mtimeNs }: Entry): bigint {
  const second = 1_000_000_000n;
  const fraction = ((mtimeNs % second) + second) % second;
  return speaksPlainly(old.rsync) ? mtimeNs - fraction : mtimeNs;
}

function stagedOf({ mode, type }: Entry): number {
  return type === 'symlink' ? mode : stagedMode(mode, type === 'dir');
}

async function tell(world: World, root: Root, { sha256, entries, bytes, skipped }: ManifestSummary): Promise<void> {
  await world.emit({ type: 'run.verified', root: root.id, manifest: sha256, entries, bytes, skipped });
}

function differing(code: ProblemCode, root: Root, { total, differences }: Comparison): Problem[] {
  if (total === 0) return [];
  const shown = differences.slice(0, 5).map(({ path, what }) => `${path}: ${what}`);
  const more = total > shown.length ? ` (and ${total - shown.length} more)` : '';
  return [
    problem(code, {
      message: `${total} ${total === 1 ? 'entry' : 'entries'} of ${root.oldPath} ${total === 1 ? 'differs' : 'differ'}: ${shown.join('; ')}${more}.`,
      hint: HINTS[code] ?? '',
      detail: differences.map(({ path, what }) => ({ path, what })),
    }),
  ];
}

const HINTS: Partial<Record<ProblemCode, string>> = {
  'copy-differs':
    'While the old gateway runs this is natural. With it stopped, find out what else writes there, then try again.',
  'copy-not-as-planned':
    'Something else works in the staging directory of this machine. Try again; if it stays, please report it.',
  'old-changed': 'A process on the old machine still writes there (lsof tells which). End it, then try again.',
};

function unreadable(root: Root, { unreadable: names, unreadableCount }: ManifestSummary): Problem[] {
  if (unreadableCount === 0) return [];
  return [
    problem('copy-differs', {
      message: `${unreadableCount} entries of ${root.oldPath} cannot be read on the old machine: ${names.slice(0, 5).join('; ')}.`,
      hint: 'Give the account the right to read them there, then try again.',
    }),
  ];
}

function notAsWritten(root: Root, file: string): Problem {
  return problem('copy-not-as-planned', {
    message: `${file} in the copy of ${root.oldPath} does not have the content that was written to it.`,
    hint: HINTS['copy-not-as-planned'] ?? '',
  });
}
