import { stripVTControlCharacters } from 'node:util';

/** One box of the doctor's output. Lines outside of any box are gathered under the empty title. */
export interface DoctorSection {
  readonly title: string;
  readonly lines: readonly string[];
}

/** What the doctor found that a move must care about. */
export interface DoctorReport {
  readonly sections: readonly DoctorSection[];
  /** Sessions whose transcript is not where the index says: old paths are left, or files are. */
  readonly missingTranscripts: number;
  /** Transcripts that no index names: what `doctor --yes` would rename away. */
  readonly orphans: number;
  /** The items under "State integrity", each in one line. */
  readonly integrity: readonly string[];
}

/** More than any doctor prints; the rest is not read. */
const MAX_CHARS = 1024 * 1024;

/**
 * Reads the output of `doctor`. It has no JSON, and its exit code is 0 even with problems, so its words are what there is. Never
 * throws; a text without boxes is read as one section. Works on wrapped lines, on ASCII boxes and where text sticks out of its box.
 */
export function readDoctor(text: string): DoctorReport {
  const sections = readSections(stripVTControlCharacters(text.slice(0, MAX_CHARS)));
  // What doctor says it has changed speaks of the same files once more.
  const findings = sections.filter((section) => !/changes/i.test(section.title)).flatMap(itemsOf);
  return {
    sections,
    missingTranscripts: sum(findings, missingIn),
    orphans: sum(findings, orphansIn),
    integrity: sections.filter((section) => /integrity/i.test(section.title)).flatMap(itemsOf),
  };
}

const HEADING = /^[◇◆■▲o*]\s+(.*?)\s*[─-]{2,}[╮+]?\s*$/u;
const BOX_END = /^[├+|][─-]{2,}/u;
const RAIL = /^[│|┌└T—]/u;

function readSections(text: string): DoctorSection[] {
  const loose: { title: string; lines: string[] } = { title: '', lines: [] };
  const sections = [loose];
  let open = loose;
  for (const raw of text.split(/\r?\n/)) {
    const title = HEADING.exec(raw)?.[1];
    if (title !== undefined) {
      open = { title, lines: [] };
      sections.push(open);
    } else if (BOX_END.test(raw)) {
      open = loose;
    } else {
      const line = raw
        .replace(RAIL, '')
        .replace(/\s*[│|]\s*$/u, '')
        .trimEnd();
      if (line.trim() !== '') open.lines.push(line);
    }
  }
  return sections.filter((section) => section.title !== '' || section.lines.length > 0);
}

/** Items begin with a dash; what follows without one is their wrapped rest. Lines before the first dash are items of their own. */
function itemsOf(section: DoctorSection): string[] {
  const items: string[] = [];
  let inItem = false;
  for (const line of section.lines.map((one) => one.trim())) {
    const last = items.length - 1;
    if (line.startsWith('- ')) {
      inItem = true;
      items.push(line.slice(2));
    } else if (inItem && section.title !== '') {
      items[last] = `${items[last] ?? ''} ${line}`;
    } else {
      items.push(line);
    }
  }
  return items;
}

/** `No orphan transcripts.` is good news. */
const DENIED = /\bno\b/i;

function missingIn(item: string): number {
  const counted = /(\d+)\s*\/\s*\d+\s[^.]*missing transcripts?/i.exec(item)?.[1];
  if (counted !== undefined) return Number(counted);
  return /transcripts? (?:is |are )?missing/i.test(item) && !DENIED.test(item) ? 1 : 0;
}

function orphansIn(item: string): number {
  const counted = /(\d+)\s+orphan(?:ed)?\s+transcripts?/i.exec(item)?.[1];
  if (counted !== undefined) return Number(counted);
  return /orphan(?:ed)?\s+transcripts?/i.test(item) && !DENIED.test(item) ? 1 : 0;
}

function sum(items: readonly string[], of: (item: string) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
