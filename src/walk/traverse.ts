import type { BigIntStats } from 'node:fs';
import { codeOf, type Directory } from './directory.ts';

/** A name that was found. Only until the next one is asked for is `directory` sure to be open. */
export interface Found {
  /** Relative to the root, one character per byte. */
  readonly path: string;
  readonly name: string;
  readonly directory: Directory;
  readonly stats: BigIntStats;
  /** Asks the walk to go into this directory as well. */
  readonly enter: () => void;
}

/** A name, or a directory's content, that could not be looked at. */
export interface Failure {
  readonly path: string;
  readonly code: string;
}

/** So many of the deepest directories stay open, and the root: a deep tree must not use up the descriptors of the machine. */
const KEPT_OPEN = 12;

/** Longer paths are not followed: no copy can hold them, and every path is carried whole. */
const MAX_PATH_BYTES = 64 * 1024;

/**
 * Looks at every name below an open directory, in the order of whole paths' bytes; into directories only where `enter` was
 * called. What vanishes meanwhile is left out; what cannot be looked at is a `Failure` and the walk goes on; that `root` itself
 * cannot be listed is thrown. Holds one listing for each level of depth and nothing else. Closes `root` in the end.
 */
export function* traverse(root: Directory): Generator<Found | Failure, void, undefined> {
  const chain: Level[] = [];
  try {
    chain.push(new Level(root, ''));
    for (let level = chain.at(-1); level !== undefined; level = chain.at(-1)) {
      const next = level.next();
      if (next === null) yield* ascend(chain, level);
      else if (next.kind === 'enter') yield* enterChild(chain, level, next);
      else yield* look(level, next.name);
    }
  } finally {
    for (const level of chain) level.directory.close();
    root.close();
  }
}

/** A directory that was seen and is still to be gone into. */
interface Waiting {
  readonly kind: 'enter';
  readonly name: string;
  readonly stats: BigIntStats;
}

/** One directory between the root and where the walk is. */
class Level {
  readonly directory: Directory;
  /** What goes before the names in it: '' or `a/b/`. */
  readonly prefix: string;
  readonly #names: readonly string[];
  readonly #waiting: Waiting[] = [];
  #seen = 0;

  constructor(directory: Directory, prefix: string) {
    this.directory = directory;
    this.prefix = prefix;
    this.#names = directory.names();
  }

  wait(name: string, stats: BigIntStats): void {
    this.#waiting.push({ kind: 'enter', name, stats });
  }

  /**
   * What lies in `a` sorts as `a/...`, hence after the sibling `a-b` and before `ab`. Every name between `a` and `a/` begins with
   * `a`, so the directories that wait are a stack, the innermost due first.
   */
  next(): Waiting | { kind: 'look'; name: string } | null {
    const name = this.#names[this.#seen];
    const waiting = this.#waiting.at(-1);
    if (waiting !== undefined && (name === undefined || `${waiting.name}/` < name)) {
      this.#waiting.pop();
      return waiting;
    }
    this.#seen += 1;
    return name === undefined ? null : { kind: 'look', name };
  }
}

function* look(level: Level, name: string): Generator<Found | Failure, void, undefined> {
  const { directory, prefix } = level;
  const path = prefix + name;
  if (path.length > MAX_PATH_BYTES) return yield { path, code: 'ENAMETOOLONG' };
  let stats: BigIntStats;
  try {
    stats = directory.lstat(name);
  } catch (thrown) {
    return yield* failure(path, thrown);
  }
  yield { path, name, directory, stats, enter: () => level.wait(name, stats) };
}

function* enterChild(chain: Level[], parent: Level, { name, stats }: Waiting): Generator<Failure, void, undefined> {
  const path = parent.prefix + name;
  try {
    chain.push(openLevel(parent.directory.openChild(name, stats), `${path}/`));
  } catch (thrown) {
    return yield* failure(path, thrown);
  }
  const far = chain.length - 1 - KEPT_OPEN;
  if (far > 0) chain[far]?.directory.close();
}

function openLevel(directory: Directory, prefix: string): Level {
  try {
    return new Level(directory, prefix);
  } catch (thrown) {
    directory.close();
    throw thrown;
  }
}

function* ascend(chain: Level[], from: Level): Generator<Failure, void, undefined> {
  chain.pop();
  try {
    for (let level = chain.at(-1); level !== undefined; level = chain.at(-1)) {
      try {
        level.directory.reopenFrom(from.directory);
        return;
      } catch (thrown) {
        // Moved elsewhere meanwhile: its remaining names are out of reach, and so on upwards to one that was kept open.
        chain.pop();
        yield* failure(level.prefix.slice(0, -1), thrown);
      }
    }
  } finally {
    from.directory.close();
  }
}

function* failure(path: string, thrown: unknown): Generator<Failure, void, undefined> {
  const code = codeOf(thrown);
  if (code !== 'ENOENT') yield { path, code };
}
