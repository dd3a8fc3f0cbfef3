import { readdir } from 'node:fs/promises';
import type { Places } from '../core/follow.ts';
import type { Plan, Root } from '../core/plan.ts';

/** One place that may have changed; of a directory, when `subtree`, with all that is in it. */
export interface Place {
  readonly root: string;
  /** Relative to the root, raw; empty for the root itself. */
  readonly path: Buffer;
  readonly subtree: boolean;
}

/** More places than that are looked at by a pass over everything, which is quicker by then. */
const MOST_PLACES = 5000;
/** No file system's clock ticks slower: a file that changes twice within one tick is only known to have by its content. */
const TICK_MS = 5000;
/** Databases are files that belong together: one of them changed means that all are looked at. */
const DATABASE = /^(.*\.(?:sqlite3?|db))(?:-wal|-journal|-shm)?$/s;
/** Of those, what is copied. */
const COPIED = /\.(?:sqlite3?|db)(?:-wal|-journal)?$/s;
const COMPANIONS = ['', '-wal', '-journal'];

/**
 * What has changed on the old machine and is not staged yet, as far as it was told, and whether that is all of it. A hint becomes a
 * proof only by a whole pass that began while everything was being told, and with nothing lost since.
 */
export class Pending {
  readonly #places = new Map<string, Place>();
  /** Places of the last rounds, and when they were taken. */
  #recent = new Map<string, { readonly place: Place; readonly takenMs: number }>();
  #isTold = false;
  #isAll = false;

  get size(): number {
    return this.#places.size;
  }

  /** Is every change since the last whole pass among the places? */
  get isAll(): boolean {
    return this.#isAll;
  }

  add(places: readonly Place[]): void {
    for (const place of places) {
      if (place.path.length === 0) this.lose();
      else this.#places.set(keyOf(place), place);
    }
    // While it is paused there may come ever more.
    if (this.#places.size <= 2 * MOST_PLACES) return;
    this.#places.clear();
    this.lose();
  }

  /** Is among the places an entry of a root itself, or the config? What takes a directory away, or empties it, takes one of those. */
  isFateful({ roots, old }: Plan): boolean {
    const { configPath } = old.gateway;
    return [...this.#places.values()].some(({ root, path }) => {
      const text = path.toString('latin1');
      const whole = `${roots.find(({ id }) => id === root)?.oldPath ?? ''}/${path.toString()}`;
      return !text.includes('/') || configPath === whole || configPath.startsWith(`${whole}/`);
    });
  }

  /** Something was not told, or is not known to have been. */
  lose(): void {
    this.#isTold = false;
    this.#isAll = false;
  }

  /**
   * A pass over everything begins. It judges by size and time, so what was told is still to be looked at by its content; too much of
   * that is left to the times.
   */
  beginWhole({ isWatched }: { isWatched: boolean }): void {
    this.#isTold = isWatched;
    if (this.#places.size > MOST_PLACES) this.#places.clear();
  }

  /** It is over. What it could not copy, it has not seen. */
  endWhole({ partial }: { partial: boolean }): void {
    this.#isAll = this.#isTold && !partial;
  }

  /** Takes what a pass over places is to look at; null where the whole tree has to be. They count as staged unless they are added again. */
  takePlaces(nowMs: number): readonly Place[] | null {
    if (!this.#isAll || this.#places.size > MOST_PLACES) return null;
    const taken = [...this.#places.values()];
    this.#places.clear();
    this.#remember(taken, nowMs);
    return taken;
  }

  /** What the last pass looks at, by content: what is not staged yet, and what was staged so lately that times may not tell. */
  last(): readonly Place[] | null {
    if (!this.#isAll) return null;
    const recent = [...this.#recent].map(([key, { place }]) => [key, place] as const);
    const all = new Map([...recent, ...this.#places]);
    return all.size > MOST_PLACES ? null : [...all.values()];
  }

  #remember(taken: readonly Place[], nowMs: number): void {
    const still = [...this.#recent].filter(([, { takenMs }]) => nowMs - takenMs < TICK_MS);
    this.#recent = new Map([...still, ...taken.map((place) => [keyOf(place), { place, takenMs: nowMs }] as const)]);
  }
}

function keyOf({ root, path }: Place): string {
  return `${root}\0${path.toString('latin1')}`;
}

/**
 * The places of each root as a pass takes them: each once, databases with what belongs to them, and none that lies in another, for that is looked at with
 * all that is in it. Were the other gone, rsync would not know what to make of a name below it. Pure.
 */
export function byRoot(places: readonly Place[]): Places {
  const found = new Map<string, Map<string, Buffer>>();
  for (const { root, path } of places) {
    const names = found.get(root) ?? new Map<string, Buffer>();
    found.set(root, names);
    for (const name of withCompanions(path)) names.set(name.toString('latin1'), name);
  }
  return new Map([...found].map(([root, names]) => [root, [...names].flatMap(outermostOf(names))]));
}

function outermostOf(names: ReadonlyMap<string, Buffer>): (one: readonly [string, Buffer]) => Buffer[] {
  return ([key, path]) => {
    for (let end = key.indexOf('/'); end > 0; end = key.indexOf('/', end + 1))
      if (names.has(key.slice(0, end))) return [];
    return [path];
  };
}

function withCompanions(path: Buffer): readonly Buffer[] {
  const main = DATABASE.exec(path.toString('latin1'))?.[1];
  return main === undefined ? [path] : COMPANIONS.map((suffix) => Buffer.from(main + suffix, 'latin1'));
}

/** Every database in the staging of a root, with what belongs to it, as far as it is there; relative, raw. */
export async function databasesIn({ stagingPath }: Root): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (const folders = [Buffer.alloc(0)]; folders.length > 0;) {
    const folder = folders.pop() ?? Buffer.alloc(0);
    const whole = Buffer.concat([Buffer.from(`${stagingPath}/`), folder]);
    for (const entry of await readdir(whole, { withFileTypes: true, encoding: 'buffer' })) {
      const path = folder.length === 0 ? entry.name : Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && COPIED.test(path.toString('latin1'))) found.push(path);
    }
  }
  return found;
}
