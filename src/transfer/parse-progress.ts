/** One line of `--info=progress2`. */
export interface ProgressLine {
  /** Bytes of file content that this pass has put in place, from the line and from what was there. */
  readonly bytes: number;
  /** Of all bytes in the tree; inexact, and not made for multiplying. */
  readonly percent: number;
  /** Regular files sent so far, entries looked at, entries in all; null before rsync knows. */
  readonly counts: { readonly sent: number; readonly done: number; readonly entries: number } | null;
}

const LINE = /^ *(\d{1,16}) +(\d{1,3})% +\S+ +\S+(?: +\(xfr#(\d{1,15}), (?:to|ir)-chk=(\d{1,15})\/(\d{1,15})\))? *$/;

/** Reads one line of rsync's output (`\r` and `\n` both end lines); null when it is not a progress line. Pure, never throws. */
export function parseProgress(line: string): ProgressLine | null {
  const match = LINE.exec(line);
  if (!match) return null;
  const [bytes = 0, percent = 0, sent, left = 0, entries = 0] = match.slice(1).map(Number);
  if (!Number.isSafeInteger(bytes) || percent > 100 || left > entries) return null;
  const counts = sent === undefined || Number.isNaN(sent) ? null : { sent, done: entries - left, entries };
  return { bytes, percent, counts };
}
