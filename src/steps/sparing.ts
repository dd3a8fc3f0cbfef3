import { lstat, readdir } from 'node:fs/promises';
import type { Root } from '../core/plan.ts';
import { pull, type PullOptions, type PullStats } from '../transfer/pull.ts';

const SLASH = Buffer.from('/');

/** A pass that may not delete more than it is told to, and knows how much that would be before it deletes anything. Throws what `pull` throws. */
export async function sparingly(asked: PullOptions): Promise<PullStats> {
  return (await mayAllGo(asked)) ? pull(asked) : sparing(asked);
}

/**
 * Deletes nothing before it is known how much that would be: rsync's own limit stops only once so much is gone. Without deletions it is one pass
 * like any other.
 */
async function sparing(asked: PullOptions): Promise<PullStats> {
  const first = await pull({ ...asked, delete: null, tellsDeletions: true });
  if (!first.isSpared) return first;
  await pull({ ...asked, dryRun: true });
  return together(first, await pull(asked));
}

/** What two passes over the same root, one after the other, came to; how the last one ended counts. Pure. */
export function together(first: PullStats, second: PullStats): PullStats {
  return {
    ...second,
    files: first.files + second.files,
    bytes: first.bytes + second.bytes,
    wireBytes: first.wireBytes + second.wireBytes,
    deleted: first.deleted + second.deleted,
    created: first.created + second.created,
  };
}

/** Is there no more in staging, of what the pass looks at, than may be deleted? Counted no further than that. */
async function mayAllGo({ stagingPath, delete: deletes, only }: PullOptions): Promise<boolean> {
  if (!deletes) return true;
  const staging = Buffer.from(`${stagingPath}/`);
  let left = deletes.max;
  for (const open = (only ?? [Buffer.from('.')]).map((path) => Buffer.concat([staging, path])); open.length > 0;) {
    const path = open.pop();
    const seen = path && (await lstat(path).catch(() => null));
    if (!path || !seen) continue;
    left -= 1;
    if (left < 0) return false;
    if (!seen.isDirectory()) continue;
    for (const name of await readdir(path, { encoding: 'buffer' })) open.push(Buffer.concat([path, SLASH, name]));
  }
  return true;
}

/** How many entries are in the staging of a root, itself not counted. */
export async function entriesIn({ stagingPath }: Root): Promise<number> {
  let count = 0;
  for (const open = [Buffer.from(stagingPath)]; open.length > 0;) {
    const folder = open.pop() ?? Buffer.alloc(0);
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      count += 1;
      if (entry.isDirectory()) open.push(Buffer.concat([folder, SLASH, entry.name]));
    }
  }
  return count;
}
