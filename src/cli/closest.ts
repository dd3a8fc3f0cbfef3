/** The word of a list that was probably meant: at most two letters off, and not more than a third of it. Null when none is. Pure. */
export function closest(typed: string, known: readonly string[]): string | null {
  const ranked = known
    .map((word) => ({ word, off: distance(typed, word) }))
    .filter(({ word, off }) => off <= Math.min(2, Math.ceil(word.length / 3)))
    .sort((one, other) => one.off - other.off);
  return ranked[0]?.word ?? null;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let a = 1; a <= from.length; a += 1) {
    const row = [a];
    for (let b = 1; b <= to.length; b += 1) {
      const same = from[a - 1] === to[b - 1] ? 0 : 1;
      const plain = Math.min(at(rows, a - 1, b) + 1, (row[b - 1] ?? 0) + 1, at(rows, a - 1, b - 1) + same);
      const swapped = a > 1 && b > 1 && from[a - 1] === to[b - 2] && from[a - 2] === to[b - 1];
      row.push(swapped ? Math.min(plain, at(rows, a - 2, b - 2) + 1) : plain);
    }
    rows.push(row);
  }
  return at(rows, from.length, to.length);
}

function at(rows: readonly number[][], a: number, b: number): number {
  return rows[a]?.[b] ?? 0;
}
