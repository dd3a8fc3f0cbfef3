import type { Readable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { printable } from '../host/printable.ts';
import { eachLine } from './lines.ts';
import { parseProgress, type ProgressLine } from './parse-progress.ts';
import { parseStatsLine, wholeStats, type RsyncStats, type StatsValues } from './parse-stats.ts';

const PROGRESS_EVERY_MS = 200;
const MAX_DELETIONS = 5;
const DELETING = 'deleting ';

export interface OutputOptions {
  readonly clock: Clock;
  /** Called for the first progress line and then at most five times a second. */
  readonly onProgress: (progress: ProgressLine) => void;
}

/** What the receiving rsync says on stdout: progress while it works, deletions, statistics at the end. */
export class Output {
  /** Grows with every line: a sign of life. */
  bytes = 0;
  /** The first few names that were deleted, fit to be shown. */
  readonly deletions: string[] = [];
  readonly #options: OutputOptions;
  #seen: Partial<StatsValues> = {};
  #deleted = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Null until all of it was said. */
  get stats(): RsyncStats | null {
    // A sender of before protocol 31 has no line for what was deleted.
    return wholeStats({ deleted: this.#deleted, ...this.#seen });
  }

  /** Reads the stream to its end. */
  read(stream: Readable): Promise<void> {
    return eachLine(stream, (line) => this.#line(line));
  }

  #line(line: string): void {
    this.bytes += line.length;
    const progress = parseProgress(line);
    if (progress) this.#tell(progress);
    // of two that say the same thing the later one counts: rsync's own come last
    else if (!line.startsWith(DELETING)) this.#seen = { ...this.#seen, ...parseStatsLine(line) };
    else this.#noteDeletion(line.slice(DELETING.length));
  }

  #noteDeletion(name: string): void {
    this.#deleted += 1;
    if (this.deletions.length < MAX_DELETIONS) this.deletions.push(printable(name, 120));
  }

  #tell(progress: ProgressLine): void {
    const nowMs = this.#options.clock.now();
    if (Math.abs(nowMs - this.#toldMs) < PROGRESS_EVERY_MS) return;
    this.#toldMs = nowMs;
    this.#options.onProgress(progress);
  }
}
