import type { Plan, Root } from '../core/plan.ts';
import type { Step } from '../core/step.ts';
import { relabel } from './relabel.ts';
import { markDirty } from './staging-dir.ts';
import { filesBefore, putFilesBack, putFilesInPlace, type FilesBefore } from './swap-files.ts';
import { identity, lost, move, type Identity } from './swap-moves.ts';

type DirectoryBefore = { readonly live: Identity | null; readonly staged: Identity };
type SwapBefore = { readonly [rootId: string]: DirectoryBefore | FilesBefore };

/**
 * Live becomes parked, staging becomes live, root by root; of a root of single files, file by file. Each rename is recognised by
 * device and inode, never by name, so that a crash between any two is mended by doing, or undoing, the rest. No gateway runs meanwhile.
 *
 * `keepWritten`: undone after the commit, live holds what the new gateway has written since; it goes to a folder of its own instead of
 * back to staging, where the next pass would make it equal to the old machine.
 */
export function swap(plan: Plan, { keepWritten }: { keepWritten: boolean }): Step<SwapBefore> {
  return {
    id: 'swap',
    title: 'Put the copy in its place',
    touches: 'new',
    async before() {
      const entries = plan.roots.map(async (root) => {
        return [root.id, holdsFiles(root) ? await filesBefore(root) : await directoryBefore(root)] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },
    async apply(world, before) {
      for (const root of plan.roots) {
        const was = wasOf(before, root);
        if (holdsFiles(root)) await putFilesInPlace(root, was as FilesBefore);
        else await putInPlace(root, was as DirectoryBefore);
      }
      await relabel(plan, world);
    },
    async undo(_world, before) {
      for (const root of plan.roots.toReversed()) {
        const was = wasOf(before, root);
        const to = keepWritten ? keptPath(plan, root) : root.stagingPath;
        if (holdsFiles(root)) await putFilesBack(root, was as FilesBefore, to);
        else await putBack(root, was as DirectoryBefore, to);
      }
    },
  };
}

/** Where a rollback after the commit keeps what the new gateway has written. */
export function keptPath(plan: Plan, root: Root): string {
  return `${root.stagingPath.replace(/\.staging$/, '')}.kept-${plan.run}`;
}

function holdsFiles(root: Root): root is Root & { readonly files: readonly string[] } {
  return root.files !== null;
}

async function directoryBefore(root: Root): Promise<DirectoryBefore> {
  const staged = await identity(root.stagingPath);
  if (staged === null) throw lost(root, root.stagingPath);
  return { live: await identity(root.livePath), staged };
}

async function putInPlace(root: Root, was: DirectoryBefore): Promise<void> {
  if ((await identity(root.livePath)) === was.staged) return;
  // From here on a gateway may write into what was staged: should it come back to staging, size and time prove nothing.
  await markDirty(root);
  if (was.live !== null && (await identity(root.livePath)) === was.live) await move(root.livePath, root.parkedPath);
  if ((await identity(root.livePath)) !== null) throw lost(root, root.livePath);
  await move(root.stagingPath, root.livePath);
}

async function putBack(root: Root, was: DirectoryBefore, to: string): Promise<void> {
  if ((await identity(root.livePath)) === was.staged) await move(root.livePath, to);
  if (was.live === null || (await identity(root.livePath)) === was.live) return;
  if ((await identity(root.parkedPath)) !== was.live) throw lost(root, root.parkedPath);
  await move(root.parkedPath, root.livePath);
}

function wasOf(before: SwapBefore, root: Root): SwapBefore[string] {
  const was = before[root.id];
  if (!was) throw new Error(`swap knows nothing of root ${root.id}`);
  return was;
}
