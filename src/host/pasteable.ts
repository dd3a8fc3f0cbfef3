import { printable } from './printable.ts';

/** A word as it can be pasted into a shell, in quotes where it needs them; what cannot be printed is shown as an escape. Pure. */
export function pasteable(word: string): string {
  const shown = printable(word);
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
