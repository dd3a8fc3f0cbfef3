import { lstat } from 'node:fs/promises';
import type { PullOptions, PullStats } from '../transfer/pull.ts';
import { together } from './sparing.ts';

/** A pass over places. */
type Asked = PullOptions & { readonly only: readonly Buffer[] };

/** Something in staging as it was seen: another one by that name, or one that rsync has touched since, looks different. Null where nothing is. */
type Mark = string | null;

/**
 * A pass over places for an rsync that cannot be told that a name is gone: one pass passes over what is not there, a second one looks at the
 * directories of the names that are in staging as they were. What is gone is proven by rsync's own listing of these directories, which
 * deletes nothing where it could not read one, nothing that is left out, and no more than may be deleted; a name that
 * only did not come is never taken for gone. `make` makes one pass; throws what that throws.
 */
export async function seekGone(asked: Asked, make: (asked: PullOptions) => Promise<PullStats>): Promise<PullStats> {
  const before = await marksOf(asked);
  const first = await make({ ...asked, kind: 'there' });
  const after = await marksOf(asked);
  const only = unsettled(asked.only, before, after);
  if (only.length === 0) return first;
  const left = asked.delete && { max: Math.max(0, asked.delete.max - first.deleted) };
  // What is beside the names was not told to have changed.
  const second = await make({ ...asked, only, kind: 'level', ignoreTimes: false, delete: left });
  return { ...together(first, second), ...endOf(first, second), tree: null };
}

/** The directories in which rsync has to look itself, each once; of the root an empty path. Pure. */
function unsettled(only: readonly Buffer[], before: Marks, after: Marks): readonly Buffer[] {
  const isAsItWas = (path: Buffer): boolean => before.get(keyOf(path)) === after.get(keyOf(path));
  const found = only.filter((path) => {
    // What came and went, or never was there, has changed its directory only, which is brought up to date with any other name of it.
    if (after.get(keyOf(path)) === null) return before.get(keyOf(path)) === null && isAsItWas(above(path));
    return isAsItWas(path);
  });
  return [...new Map(found.map(above).map((path) => [keyOf(path), path])).values()];
}

type Marks = ReadonlyMap<string, Mark>;

async function marksOf({ stagingPath, only }: Asked): Promise<Marks> {
  const paths = only.flatMap((path) => [path, above(path)]);
  const all = new Map(paths.map((path) => [keyOf(path), path]));
  return new Map(
    await Promise.all([...all].map(async ([key, path]) => [key, await markOf(stagingPath, path)] as const)),
  );
}

async function markOf(stagingPath: string, path: Buffer): Promise<Mark> {
  try {
    const whole = Buffer.concat([Buffer.from(`${stagingPath}/`), path]);
    const { ino, ctimeNs } = await lstat(whole, { bigint: true });
    return `${ino} ${ctimeNs}`;
  } catch {
    return null;
  }
}

function above(path: Buffer): Buffer {
  return path.subarray(0, Math.max(0, path.lastIndexOf('/')));
}

function keyOf(path: Buffer): string {
  return path.toString('latin1');
}

/** Partial by what either was; only vanished where both are no worse. */
function endOf(first: PullStats, second: PullStats): Pick<PullStats, 'partial' | 'vanished' | 'errors'> {
  const partial = first.partial || second.partial;
  const vanished = partial && [first, second].every((one) => !one.partial || one.vanished);
  return { partial, vanished, errors: [...first.errors, ...second.errors] };
}
