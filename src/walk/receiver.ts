import { createHash } from 'node:crypto';
import type { Skipped } from '../core/event.ts';
import type { ExcludeRule } from '../core/plan.ts';
import { RecordError } from '../core/records.ts';
import { printable } from '../host/printable.ts';
import { type Entry, isEntry, type Item, type Skip, UNMOVABLE } from './entry.ts';
import { comparablePart, decode, isItem, type Line, recordCutter } from './record.ts';

/** What a walk found, in numbers. */
export interface ManifestSummary {
  /** Over the comparable part of all records: equal trees have equal ones, whatever the machine, the inodes and the walk. */
  readonly sha256: string;
  /** Files, directories and symlinks, without the root. */
  readonly entries: number;
  /** Content of files; of those with several names once. */
  readonly bytes: number;
  /** What was left out, by rule, in the order of the rules; rules that met nothing are not named. */
  readonly skipped: readonly Skipped[];
  /** Printable paths, each with the system's code, of what should move and could not be read; no more than `UNREADABLE_SHOWN`. */
  readonly unreadable: readonly string[];
  readonly unreadableCount: number;
  /** Printable paths of devices and pipes, with which of them it is; no more than `UNREADABLE_SHOWN`. */
  readonly specials: readonly { readonly path: string; readonly rule: string }[];
}

/** How many unreadable paths are named; the rest is counted. */
export const UNREADABLE_SHOWN = 100;

/** An entry that has arrived, with the bytes of its record. */
export interface Received {
  readonly record: Buffer;
  readonly entry: Entry;
}

/**
 * Judges the stream of a walk as it comes in. It comes from a machine that is not trusted: each record must be one that the
 * program would have written, in order, and the stream must be whole. Keeps numbers only, never the records.
 */
export class Receiver {
  readonly #cutter = recordCutter();
  readonly #sha256 = createHash('sha256');
  readonly #skipped: ReadonlyMap<string, { rule: string; reason: string; entries: number; bytes: number }>;
  readonly #unreadable: string[] = [];
  readonly #specials: { path: string; rule: string }[] = [];
  #unreadableCount = 0;
  #entries = 0;
  #bytes = 0;
  #last: Buffer | null = null;
  #state: 'before' | 'within' | 'over' = 'before';
  #failure: string | null = null;

  constructor(excludes: readonly ExcludeRule[]) {
    const known = excludes.map(({ pattern, reason }) => ({ rule: pattern, reason }));
    const unmovable = Object.entries(UNMOVABLE).map(([rule, reason]) => ({ rule, reason }));
    this.#skipped = new Map([...known, ...unmovable].map((why) => [keyOf(why), { ...why, entries: 0, bytes: 0 }]));
  }

  /** Takes what has arrived; returns the entries in it, each with its record. Throws a `RecordError`. */
  take(chunk: Buffer): Received[] {
    const received: Received[] = [];
    for (const record of this.#cutter.cut(chunk)) {
      const line = decode(record);
      this.#judge(line);
      if (!isItem(line)) continue;
      this.#count(line, record);
      if (isEntry(line)) received.push({ record, entry: line });
    }
    return received;
  }

  /** The system's code when the root could not be opened. */
  get failure(): string | null {
    return this.#failure;
  }

  /** The sum of it all. Throws a `RecordError` when the stream was not whole. */
  summary(): ManifestSummary {
    if (this.#state !== 'over' || this.#cutter.torn) throw new RecordError('it breaks off');
    return {
      sha256: this.#sha256.copy().digest('hex'),
      entries: this.#entries,
      bytes: this.#bytes,
      skipped: [...this.#skipped.values()].filter(({ entries }) => entries > 0),
      unreadable: this.#unreadable,
      unreadableCount: this.#unreadableCount,
      specials: this.#specials,
    };
  }

  /** Does this line belong here? Follows the stream from its head to its end. */
  #judge(line: Line): void {
    const expected = line.type === 'head' ? 'before' : 'within';
    if (this.#state !== expected) throw new RecordError('records where none belong');
    if (line.type === 'head') this.#state = 'within';
    if (line.type === 'failed') this.#failure = line.code;
    if (line.type !== 'end') return;
    if (line.entries !== this.#entries) throw new RecordError('some are missing');
    this.#state = 'over';
  }

  #count(item: Item, record: Buffer): void {
    if (item.type === 'skip') this.#countSkip(item);
    else if (item.type === 'unreadable') this.#countUnreadable(item.path, item.code);
    else this.#countEntry(item, record);
  }

  #countEntry(entry: Entry, record: Buffer): void {
    if (this.#last && Buffer.compare(this.#last, entry.path) >= 0) throw new RecordError('paths out of order');
    this.#last = entry.path;
    this.#sha256.update(comparablePart(record));
    this.#entries += 1;
    if (entry.hardlink === null) this.#bytes += entry.size;
  }

  #countSkip(skip: Skip): void {
    const sum = this.#skipped.get(keyOf(skip));
    if (!sum) throw new RecordError('left out by no rule');
    sum.entries += skip.entries;
    sum.bytes += skip.bytes;
    const { rule, reason } = skip;
    const isSpecial = (rule === 'fifo' || rule === 'device') && UNMOVABLE[rule] === reason;
    if (isSpecial && this.#specials.length < UNREADABLE_SHOWN)
      this.#specials.push({ path: printable(skip.path), rule });
  }

  #countUnreadable(path: Buffer, code: string): void {
    this.#unreadableCount += 1;
    if (this.#unreadable.length < UNREADABLE_SHOWN) this.#unreadable.push(`${printable(path)} (${code})`);
  }
}

function keyOf({ rule, reason }: { rule: string; reason: string }): string {
  return `${rule}\0${reason}`;
}
