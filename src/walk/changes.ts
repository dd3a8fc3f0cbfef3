import { differenceOf, type Field } from './difference.ts';
import type { Entry } from './entry.ts';
import { pairsOf, readManifest } from './manifest.ts';

/** What became of one name between two manifests of one tree: null where it was not there yet, or is no more. */
export interface Change {
  readonly path: Buffer;
  readonly was: Entry | null;
  readonly is: Entry | null;
}

/** Every name that is not as it was, in order. `ignored` fields do not count. Throws what `readManifest` throws. */
export async function changesBetween(
  wasFile: string,
  isFile: string,
  ignored: readonly Field[] = [],
): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const { expected: was, found: is } of pairsOf(readManifest(wasFile), readManifest(isFile))) {
    const { path } = (was ?? is) as Entry;
    if (was === null || is === null || differenceOf(was, is, ignored)) changes.push({ path, was, is });
  }
  return changes;
}

/** Files that are gone under one name and are there under another: the same inode with the same content. By the name that is gone. Pure. */
export function renamesIn(changes: readonly Change[]): ReadonlyMap<Entry, Entry> {
  const added = new Map(changes.flatMap(({ was, is }) => (was === null && is?.type === 'file' ? [[is.ino, is]] : [])));
  const gone = changes.flatMap(({ was, is }) => (is === null && was?.type === 'file' ? [was] : []));
  return new Map(
    gone.flatMap((was) => {
      const is = added.get(was.ino);
      return is && is.size === was.size && is.hash === was.hash ? [[was, is]] : [];
    }),
  );
}
