import { lstat, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plan, Root } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { Step } from '../core/step.ts';
import { markDirty } from './staging-dir.ts';

/** A directory as the file system knows it, whatever it is called: `device:inode`. */
type Identity = string;
type SwapBefore = { readonly [rootId: string]: { readonly live: Identity | null; readonly staged: Identity } };

/**
 * Live becomes parked, staging becomes live, root by root. Each rename is recognised by device and inode, never by name, so that a
 * crash between any two is mended by doing, or undoing, the rest. No gateway runs meanwhile.
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
        const staged = await identity(root.stagingPath);
        if (staged === null) throw lost(root, root.stagingPath);
        return [root.id, { live: await identity(root.livePath), staged }] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },
    async apply(_world, before) {
      for (const root of plan.roots) await putInPlace(root, wasOf(before, root));
    },
    async undo(_world, before) {
      for (const root of plan.roots.toReversed())
        await putBack(root, wasOf(before, root), keepWritten ? keptPath(plan, root) : root.stagingPath);
    },
  };
}

async function putInPlace(root: Root, was: SwapBefore[string]): Promise<void> {
  if ((await identity(root.livePath)) === was.staged) return;
  // From here on a gateway may write into what was staged: should it come back to staging, size and time prove nothing.
  await markDirty(root);
  if (was.live !== null && (await identity(root.livePath)) === was.live) await move(root.livePath, root.parkedPath);
  if ((await identity(root.livePath)) !== null) throw lost(root, root.livePath);
  await move(root.stagingPath, root.livePath);
}

/** Where a rollback after the commit keeps what the new gateway has written. */
export function keptPath(plan: Plan, root: Root): string {
  return `${root.stagingPath.replace(/\.staging$/, '')}.kept-${plan.run}`;
}

async function putBack(root: Root, was: SwapBefore[string], to: string): Promise<void> {
  if ((await identity(root.livePath)) === was.staged) await move(root.livePath, to);
  if (was.live === null || (await identity(root.livePath)) === was.live) return;
  if ((await identity(root.parkedPath)) !== was.live) throw lost(root, root.parkedPath);
  await move(root.parkedPath, root.livePath);
}

async function move(from: string, to: string): Promise<void> {
  // rename() would replace an empty directory without a word.
  if ((await identity(to)) !== null) {
    throw fail('swap-failed', {
      message: `${to} is in the way.`,
      hint: `See what it is, then move it away: ls -la '${to}'`,
    });
  }
  await rename(from, to);
  await syncDirectory(dirname(to));
  await syncDirectory(dirname(from));
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function identity(path: string): Promise<Identity | null> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function wasOf(before: SwapBefore, root: Root): SwapBefore[string] {
  const was = before[root.id];
  if (!was) throw new Error(`swap knows nothing of root ${root.id}`);
  return was;
}

function lost(root: Root, path: string): Error {
  return fail('swap-failed', {
    message: `${path} is not the directory that was expected there (root ${root.id}).`,
    hint: 'Something else changed it. Nothing is deleted: look at the .neo-pull folder beside it.',
  });
}
