/** How much one pass over a root may bring. */
export interface MostReceived {
  readonly entries: number;
  /** Of content, as it is written here. */
  readonly bytes: number;
}

/** So much more than was measured is natural while a gateway serves for days; a small root may grow by the floors. */
const TIMES = 4;
const FLOOR: MostReceived = { entries: 1_000_000, bytes: 32 * 1024 ** 3 };

/** What was said, and where nothing was, a multiple of what the root had when it was measured. Pure. */
export function mostReceived(
  said: { readonly maxEntries?: number | null; readonly maxBytes?: number | null },
  measured: MostReceived,
): MostReceived {
  return {
    entries: said.maxEntries ?? Math.max(FLOOR.entries, TIMES * measured.entries),
    bytes: said.maxBytes ?? Math.max(FLOOR.bytes, TIMES * measured.bytes),
  };
}
