import type { Root } from '../core/plan.ts';

/** One place of a root about which something was told. */
export interface Dirty {
  readonly root: Root;
  /** Relative to the root's `oldPath`, raw bytes as in the file system; empty is the root itself. */
  readonly path: Buffer;
  /** Everything below may have changed too. */
  readonly subtree: boolean;
  /** When it arrived, in epoch milliseconds of our clock; the first time, where it was told again. */
  readonly atMs: number;
}

/** More places than a pass by name is good for. */
const MOST_PLACES = 200_000;

interface Place {
  subtree: boolean;
  atMs: number;
}

/** What was told since it was last taken, each place once. */
export class DirtySet {
  readonly #roots = new Map<Root, Map<string, Place>>();
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** False when it is too much; then nothing is held any more. */
  add({ root, path, subtree, atMs }: Dirty): boolean {
    const places = this.#roots.get(root) ?? new Map<string, Place>();
    this.#roots.set(root, places);
    const key = path.toString('latin1');
    const known = places.get(key);
    if (known) known.subtree ||= subtree;
    else {
      places.set(key, { subtree, atMs });
      this.#size += 1;
    }
    if (this.#size <= MOST_PLACES) return true;
    this.#clear();
    return false;
  }

  /** All of it, without what lies below a place that is told as a whole; such a place has the earliest time of all in it. */
  take(): Dirty[] {
    const taken = [...this.#roots].flatMap(([root, places]) => {
      for (const [path, place] of places) {
        const whole = wholeAbove(path, places);
        if (whole) whole.atMs = Math.min(whole.atMs, place.atMs);
      }
      return [...places]
        .filter(([path]) => wholeAbove(path, places) === null)
        .map(([path, place]) => ({ root, path: Buffer.from(path, 'latin1'), ...place }));
    });
    this.#clear();
    return taken;
  }

  #clear(): void {
    this.#roots.clear();
    this.#size = 0;
  }
}

/** The outermost place above this one that is told as a whole. */
function wholeAbove(path: string, places: ReadonlyMap<string, Place>): Place | null {
  if (path === '') return null;
  const top = places.get('');
  if (top?.subtree) return top;
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const above = places.get(path.slice(0, at));
    if (above?.subtree) return above;
  }
  return null;
}
