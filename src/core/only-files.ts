import type { Root } from './plan.ts';

/**
 * Says which entries move with a root of single files: those with a listed name at its top, and nothing else. A directory of that
 * name moves without what is in it. `path` is relative to the root. Agrees with `onlyFilesFilters` name for name.
 */
export function onlyFilesMatcher(files: readonly string[]): (path: Buffer) => boolean {
  const names = new Set(files.map((name) => Buffer.from(name).toString('latin1')));
  return (path) => names.has(path.toString('latin1'));
}

/**
 * The same decision as arguments of a pulling rsync. What is not listed is hidden from it, not protected: in staging it is deleted
 * with what is gone on the old machine.
 */
export function onlyFilesFilters(files: readonly string[]): string[] {
  return [...files.map((name) => `--filter=+ ${literally(`/${name}`)}`), '--filter=H *'];
}

/** The paths on the old machine that move with a root: it, or its files. */
export function movedPaths({ oldPath, files }: Pick<Root, 'oldPath' | 'files'>): string[] {
  return files === null ? [oldPath] : files.map((name) => inside(oldPath, name));
}

/** Where what moves will be on this machine, in the order of `movedPaths`. Pure. */
export function livePlaces({ livePath, files }: Pick<Root, 'livePath' | 'files'>): string[] {
  return movedPaths({ oldPath: livePath, files });
}

/** What of this machine is parked for a root, and where: what is live, or its files one by one. Pure. */
export function parkedPlaces(root: Root): { readonly livePath: string; readonly parkedPath: string }[] {
  const { livePath, parkedPath, files, filesInPlace } = root;
  if (files === null) return [{ livePath, parkedPath }];
  return filesInPlace.map((name) => ({ livePath: inside(livePath, name), parkedPath: inside(parkedPath, name) }));
}

/** A name in a directory that may be `/`. */
export function inside(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** rsync reads backslashes only in patterns that hold a wildcard. */
function literally(name: string): string {
  return /[*?[]/.test(name) ? name.replace(/[*?[\\]/g, '\\$&') : name;
}
