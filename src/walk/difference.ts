import { printable } from '../host/printable.ts';
import type { Entry } from './entry.ts';

/** Something in which two trees are not alike. */
export interface Difference {
  /** Printable. */
  readonly path: string;
  /** `missing`, `extra`, or each field that differs with both values. */
  readonly what: string;
}

/** What of an entry is compared. */
export type Field = 'type' | 'mode' | 'size' | 'mtimeNs' | 'link' | 'hash' | 'hardlink';

const SHOW: Readonly<Record<Field, { word: string; of: (entry: Entry) => string }>> = {
  type: { word: 'type', of: ({ type }) => type },
  mode: { word: 'mode', of: ({ mode }) => mode.toString(8).padStart(4, '0') },
  size: { word: 'size', of: ({ size }) => String(size) },
  mtimeNs: { word: 'mtime', of: ({ mtimeNs }) => seconds(mtimeNs) },
  link: { word: 'symlink to', of: ({ link }) => orNone(link) },
  hash: { word: 'sha256', of: ({ hash }) => hash ?? 'none' },
  hardlink: { word: 'hard link to', of: ({ hardlink }) => orNone(hardlink) },
};

const FIELDS = Object.keys(SHOW) as Field[];

/** How a found entry differs from the expected one of the same path; null when it does not. */
export function differenceOf(expected: Entry, found: Entry, ignored: readonly Field[]): Difference | null {
  const differing = FIELDS.filter((field) => !ignored.includes(field) && !alike(expected[field], found[field]));
  if (differing.length === 0) return null;
  // A file where a directory should be differs in everything else as well, which tells nothing more.
  const shown = differing[0] === 'type' ? (['type'] as const) : differing;
  const words = shown.map(
    (field) => `${SHOW[field].word} ${SHOW[field].of(expected)} expected, ${SHOW[field].of(found)} found`,
  );
  return { path: printable(found.path), what: words.join('; ') };
}

function alike(a: Entry[Field], b: Entry[Field]): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;
}

function orNone(path: Buffer | null): string {
  return path === null ? 'nothing' : printable(path);
}

/** Seconds since the epoch with all nine digits, as `find -printf %T@` shows them. */
function seconds(ns: bigint): string {
  const part = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return `${(ns - part) / 1_000_000_000n}.${String(part).padStart(9, '0')}`;
}
