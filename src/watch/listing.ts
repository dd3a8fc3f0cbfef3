import { type Dir, lstatSync, opendirSync, readdirSync } from 'node:fs';

/** A name in a directory, one character per byte. */
export interface Named {
  readonly name: string;
  readonly isDir: boolean;
}

/**
 * The names in a directory, few at a time where the system tells their kind by itself: no inode is read then. Throws the system's
 * errors for the directory; of a name that vanishes nothing is said.
 */
export function* list(path: Buffer): Generator<Named, void, undefined> {
  const text = path.toString();
  // Node 18 takes a directory only as text here, where its kinds are asked for.
  const typed = Buffer.from(text).equals(path) ? opendirSync(text, { encoding: 'latin1', bufferSize: 256 }) : null;
  if (typed === null) return yield* looked(path);
  const names = new Set<string>();
  try {
    yield* kinds(typed, names);
  } catch {
    // A file system without kinds: Node asks for them itself then, by a name that is not the one on the disk.
    for (const one of looked(path)) if (!names.has(one.name)) yield one;
  } finally {
    typed.closeSync();
  }
}

function* kinds(directory: Dir, seen: Set<string>): Generator<Named, void, undefined> {
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
    const isDir = entry.isDirectory();
    if (isDir) seen.add(entry.name);
    yield { name: entry.name, isDir };
  }
}

function* looked(path: Buffer): Generator<Named, void, undefined> {
  for (const name of readdirSync(path, { encoding: 'latin1' })) {
    const stats = lstatSync(Buffer.concat([path, Buffer.from(`/${name}`, 'latin1')]), { throwIfNoEntry: false });
    if (stats) yield { name, isDir: stats.isDirectory() };
  }
}
