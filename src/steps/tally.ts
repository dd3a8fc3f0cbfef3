import { mostDeletions } from '../core/most-deletions.ts';
import type { Root } from '../core/plan.ts';
import type { PullStats } from '../transfer/pull.ts';

/** What was in a root at the last pass over everything, and how many entries fewer there are since; negative where it has grown. */
interface Count {
  readonly entries: number;
  readonly bytes: number;
  readonly lost: number;
}

/**
 * How much each root has, from one pass over everything to the next. Passes over places share what one over everything might delete: what is
 * gone bit by bit is gone all the same. What only came and went between two of those is not counted against it.
 */
export class Tally {
  readonly #roots: readonly Root[];
  readonly #said: number;
  readonly #counts = new Map<string, Count>();

  /** `said` is the limit of the Plan. */
  constructor(roots: readonly Root[], said: number) {
    this.#roots = roots;
    this.#said = said;
  }

  /** The roots of the Plan, with what the last pass over everything saw of each. */
  roots(): readonly Root[] {
    return this.#roots.map((root) => {
      const count = this.#counts.get(root.id);
      // Of a directory that moves as a whole, the Plan counts itself too.
      return count ? { ...root, entries: count.entries + (root.files === null ? 1 : 0), bytes: count.bytes } : root;
    });
  }

  /** How many entries the next pass over this root may delete in staging; null before the first over everything. */
  most({ id }: Root): number | null {
    const count = this.#counts.get(id);
    if (!count) return null;
    const { entries, lost } = count;
    const most = mostDeletions({ said: this.#said, entries: Math.max(entries, entries - lost) });
    return Math.max(0, most - Math.max(0, lost));
  }

  /** Takes in what a pass has done to a root. */
  note({ id }: Root, { deleted, created, tree }: PullStats, { full }: { readonly full: boolean }): void {
    const count = this.#counts.get(id);
    if (full && tree) this.#counts.set(id, { entries: tree.entries - 1, bytes: tree.bytes, lost: 0 });
    else if (count) this.#counts.set(id, { ...count, lost: count.lost + deleted - created });
  }
}
