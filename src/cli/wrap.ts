/** A blank, but not the one between a number and its unit. */
const BREAK = / (?!(?<=\d )(?:s|min|h|bytes|[KMGT]iB)\b)/;

/**
 * Breaks a text into lines of at most `columns` characters, at its blanks. A longer word (a path, a fingerprint) stays whole, so that it
 * can be copied from the terminal. Pure.
 */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(BREAK)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** Wrapped behind a label: the first line begins with it, the others are indented as far. Pure. */
export function labelled(label: string, text: string, columns: number): string[] {
  const lines = wrap(text, Math.max(10, columns - label.length));
  return lines.map((line, at) => (at === 0 ? label : ' '.repeat(label.length)) + line);
}

/** Cut to `columns` characters, the middle left out: both ends of a path say something. Pure. */
export function shortened(text: string, columns: number): string {
  if (text.length <= columns) return text;
  const head = Math.max(1, Math.floor((columns - 1) / 3));
  return `${text.slice(0, head)}…${text.slice(text.length - (columns - 1 - head))}`;
}
