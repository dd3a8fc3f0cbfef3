import type { BigIntStats } from 'node:fs';
import type { Digest } from './hashing.ts';

/** The first name of a file that has several. */
export interface FirstName {
  readonly path: string;
  readonly stats: BigIntStats;
  /** What reading it gave; null where the walk does not hash. */
  readonly digest: Digest | Promise<Digest> | null;
}

/** Remembers files with several names until all of them were seen: it grows with the links still open, not with the tree. */
export class HardLinks {
  readonly #groups = new Map<string, { first: FirstName; left: number }>();

  /** The first name of this file, when this is a later one. */
  firstOf(stats: BigIntStats): FirstName | null {
    if (stats.nlink < 2n) return null;
    const group = this.#groups.get(keyOf(stats));
    if (group === undefined) return null;
    group.left -= 1;
    if (group.left === 0) this.#groups.delete(keyOf(stats));
    return group.first;
  }

  /** Remembers a file that was seen for the first time; files with one name are forgotten at once. */
  remember(first: FirstName): void {
    const left = Number(first.stats.nlink) - 1;
    if (left > 0) this.#groups.set(keyOf(first.stats), { first, left });
  }
}

function keyOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
