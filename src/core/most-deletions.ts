/** So many may go from a root however little is in it. */
const HANDFUL = 5;

/**
 * How many entries may go from one root in staging before that looks like an accident: `said` (`--max-delete`) unless that is 0, else half of
 * the `entries` that were there, and a handful from the smallest. Pure.
 */
export function mostDeletions({ said, entries }: { readonly said: number; readonly entries: number }): number {
  return said > 0 ? said : Math.max(HANDFUL, Math.floor(entries / 2));
}
