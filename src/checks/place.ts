import { link, lstat, mkdtemp, rm, symlink, utimes, writeFile, chmod } from 'node:fs/promises';
import { join } from 'node:path';

/** What a file system here makes of names and entries. */
export interface Place {
  /** Are `a` and `A` one name there? */
  readonly foldsCase: boolean;
  /** Are the two ways of writing `é` one name there? */
  readonly normalises: boolean;
  /** What of a tree it cannot hold: `symlinks`, `hard links`, `modes`, and characters that no name may have. */
  readonly lacks: readonly string[];
}

const COMPOSED = 'np-\u00e9';
const DECOMPOSED = 'np-e\u0301';
/** Names of files on other machines hold these; FAT, exFAT and some network file systems refuse them. */
const ODD = [':', '?', '"', '\\', '|'];

/**
 * Tries names and entries in a private folder of ours that is made in `directory` (absolute) and taken away again; its time is put back.
 * Null where nothing can be made there. What can be told only by trying: mount options and flags of one directory change it.
 */
export async function probePlace(directory: string): Promise<Place | null> {
  const was = await lstat(directory).catch(() => null);
  const folder = await mkdtemp(join(directory, '.neo-pull-probe-')).catch(() => null);
  if (was === null || folder === null) return null;
  try {
    return await tryOut(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await utimes(directory, was.atime, was.mtime).catch(() => undefined);
  }
}

async function tryOut(folder: string): Promise<Place> {
  const at = (name: string): string => join(folder, name);
  await writeFile(at('np-case'), '');
  await writeFile(at(COMPOSED), '').catch(() => undefined);
  const lacks = [
    ...((await works(() => symlink('np-case', at('link')))) ? [] : ['symlinks']),
    ...((await works(() => link(at('np-case'), at('twin')))) ? [] : ['hard links']),
    ...((await keepsModes(at('np-case'))) ? [] : ['modes']),
  ];
  for (const odd of ODD) {
    if (!(await works(() => writeFile(at(`np${odd}name`), '')))) lacks.push(odd);
  }
  return { foldsCase: await isThere(at('NP-CASE')), normalises: await isThere(at(DECOMPOSED)), lacks };
}

async function keepsModes(path: string): Promise<boolean> {
  for (const mode of [0o600, 0o755]) {
    await chmod(path, mode).catch(() => undefined);
    if (((await lstat(path)).mode & 0o777) !== mode) return false;
  }
  return true;
}

async function works(act: () => Promise<unknown>): Promise<boolean> {
  return act().then(
    () => true,
    () => false,
  );
}

async function isThere(path: string): Promise<boolean> {
  return works(() => lstat(path));
}
