/** How a file system takes names for one. */
export interface Folding {
  readonly foldsCase: boolean;
  readonly normalises: boolean;
}

/** So many groups of names are kept; all are counted. */
const MOST = 50;

/**
 * Finds names of one directory that a file system takes for one: fed every path of a tree, relative and in any order. Bytes that are no
 * UTF-8 are never one with anything. Memory grows with the tree, so it is only used for a file system that folds or normalises.
 */
export class OneName {
  readonly #folding: Folding;
  readonly #first = new Map<string, Buffer>();
  readonly #groups = new Map<string, Buffer[]>();
  #count = 0;

  constructor(folding: Folding) {
    this.#folding = folding;
  }

  add(path: Buffer): void {
    const key = keyOf(path, this.#folding);
    if (key === null) return;
    const first = this.#first.get(key);
    if (first === undefined) {
      this.#first.set(key, path);
      return;
    }
    if (first.equals(path)) return;
    const group = this.#groups.get(key);
    if (group) group.push(path);
    else {
      this.#count += 1;
      if (this.#groups.size < MOST) this.#groups.set(key, [first, path]);
    }
  }

  /** How many names stand for more than one entry. */
  get count(): number {
    return this.#count;
  }

  /** The first of them, with every path that has it. */
  get groups(): readonly (readonly Buffer[])[] {
    return [...this.#groups.values()];
  }
}

/** The same for two paths exactly when they lead to one place; null for what is no text. Full folding: `ß` is `ss` where case is folded. */
export function keyOf(path: Buffer, { foldsCase, normalises }: Folding): string | null {
  const text = path.toString();
  if (!Buffer.from(text).equals(path)) return null;
  const normal = normalises ? text.normalize('NFD') : text;
  // Upper first: `ß` and `ſ` have lower forms that do not meet their folds.
  return foldsCase ? normal.toUpperCase().toLowerCase() : normal;
}
