import { finalMode, stagedMode } from '../core/modes.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problem, type Problem, type ProblemCode } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import type { Field } from '../walk/difference.ts';
import type { Entry } from '../walk/entry.ts';
import { compareManifests, type Comparison, type ManifestSummary } from '../walk/manifest.ts';
import { manifestFile, takeKnowing, takeOf } from './manifests.ts';
import { Declared } from './declared.ts';
import { speaksPlainly } from '../transfer/rsync-version.ts';
import { together } from './together.ts';

/**
 * Before reconcile: staging is the old tree, taken now, byte for byte, but for the modes that a working copy needs. `reusesHashes`: of files that
 * have not changed since `knownTrees` read them, on either machine, the hashes are taken from there.
 */
export function copyIsWhole(plan: Plan, { reusesHashes = false }: { reusesHashes?: boolean } = {}): Check {
  const take = (world: World, root: Root, tree: 'old' | 'staged'): Promise<ManifestSummary> =>
    reusesHashes
      ? takeKnowing(world, plan, { root, tree, known: `${tree}-known` })
      : takeOf(world, plan, { root, tree, hash: true });
  return {
    id: 'copy-is-whole',
    title: 'Every file of the copy has the bytes, mode, time and links of the old one',
    async run(world) {
      const problems: Problem[] = [];
      for (const root of plan.roots) {
        const [old] = await together([take(world, root, 'old'), take(world, root, 'staged')]);
        problems.push(...unreadable(root, old));
        const files = [manifestFile(world.run, root, 'old'), manifestFile(world.run, root, 'staged')] as const;
        const compared = await compareManifests(...files, {
          expect: (entry) => ({ ...entry, mode: stagedOf(entry), mtimeNs: timeSent(plan, entry) }),
        });
        problems.push(...differing('copy-differs', root, compared));
        if (problems.length === 0) await tell(world, root, old);
      }
      return problems;
    },
  };
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

/** Just before the commit: nothing has written on the old machine since its tree was taken. */
export function oldUnchanged(plan: Plan): Check {
  return {
    id: 'old-unchanged',
    title: 'Nothing has written on the old machine since the stop',
    async run(world) {
      const problems: Problem[] = [];
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
