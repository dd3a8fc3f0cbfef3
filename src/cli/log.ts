import { closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import type { Event } from '../core/event.ts';
import { msBetween } from '../core/timestamp.ts';
import { escapedJson } from './ndjson.ts';
import { redact, redactText } from './redact.ts';
import type { Secrets } from './secrets.ts';

const WAITING_LINES = 2000;
/** Of passes over everything while following one is told in so long: without a watcher there is one every few seconds, for days. */
const ROUNDS_EVERY_MS = 10 * 60_000;

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

export interface RunLogOptions {
  readonly secrets: Secrets;
  /** The folder of a run, by its id; null where another process keeps its log. */
  readonly folderOf: ((run: string) => string) | null;
  /** Lines at or above this level are also written here. */
  readonly echo: { readonly level: 'debug' | 'info'; write(line: string): void } | null;
}

/**
 * The diagnostics of one process: NDJSON by pino in `log.ndjson` (0600) of the run's folder, on stderr with -v. Lines that come before
 * the run has a name wait, the first 2000 of them. Written at once, so that a crash loses nothing; a log that cannot be written never
 * disturbs the run, and is tried again with the next line. Whoever rotates logs may rename, remove or truncate it at any time: the next
 * line goes to the file of that name, which is made anew where there is none.
 */
export class RunLog {
  readonly #options: RunLogOptions;
  readonly #pino: Logger;
  #waiting: string[] | null = [];
  #file: number | null = null;
  #path: string | null = null;
  #roundAt: string | null = null;
  #run = '';
  #isClosed = false;

  constructor(options: RunLogOptions) {
    this.#options = options;
    this.#pino = pino(
      {
        level: 'debug',
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: {
          level: (label) => ({ level: label }),
          log: (fields) => redact(fields) as Record<string, unknown>,
        },
      },
      { write: (line: string) => this.#write(line) },
    );
  }

  /** The listener for events: all but the ticks of progress, and most passes while following, of which there are ten thousands in a day. */
  readonly onEvent = (event: Event): void => {
    if (event.run !== '') this.#open(event.run);
    if (event.type === 'progress' || (event.type === 'round.done' && !this.#isWorthALine(event))) return;
    const problem = 'problem' in event ? event.problem : null;
    if (!problem) this.#pino.debug({ event }, event.type);
    else if (problem.stops) this.#pino.error({ event }, redactText(problem.message));
    else this.#pino.warn({ event }, redactText(problem.message));
  };

  /** A fault of neo-pull itself, with where it happened. */
  fault(error: unknown, where: string): void {
    this.#pino.error(
      { err: error instanceof Error ? { message: error.message, stack: error.stack } : String(error) },
      where,
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
    this.#waiting = null;
  }

  #isWorthALine({ full, ts }: Extract<Event, { type: 'round.done' }>): boolean {
    if (!full) return false;
    // A clock that was set back is worth a line too.
    const sinceMs = this.#roundAt === null ? Infinity : Math.abs(msBetween(this.#roundAt, ts));
    if (sinceMs < ROUNDS_EVERY_MS) return false;
    this.#roundAt = ts;
    return true;
  }

  /** A visit over several profiles goes from run to run, and what it tells goes to the log of each. */
  #open(run: string): void {
    if (this.#isClosed || run === this.#run) return;
    this.#drop();
    const waiting = this.#waiting ?? [];
    [this.#run, this.#waiting] = [run, null];
    this.#path = this.#options.folderOf && join(this.#options.folderOf(run), 'log.ndjson');
    for (const line of waiting) this.#append(line);
  }

  #write(raw: string): void {
    const line = `${escapedJson(this.#options.secrets.hide(raw.trimEnd()))}\n`;
    this.#echo(line);
    if (this.#waiting) {
      if (this.#waiting.length < WAITING_LINES) this.#waiting.push(line);
      return;
    }
    this.#append(line);
  }

  #append(line: string): void {
    if (this.#path === null || this.#isClosed) return;
    try {
      if (this.#file !== null && !isAt(this.#path, this.#file)) this.#drop();
      this.#file ??= openSync(this.#path, FLAGS, 0o600);
      writeSync(this.#file, line);
    } catch {
      this.#drop();
    }
  }

  #drop(): void {
    const file = this.#file;
    this.#file = null;
    if (file !== null) closeSync(file);
  }

  #echo(line: string): void {
    const { echo } = this.#options;
    if (!echo || (echo.level === 'info' && line.startsWith('{"level":"debug"'))) return;
    try {
      echo.write(line);
    } catch {
      // A screen that cannot be written has no one to be told of it.
    }
  }
}

/** Is the file of this name still the one that is open? */
function isAt(path: string, file: number): boolean {
  const [named, open] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(file)];
  return named?.ino === open.ino && named.dev === open.dev;
}
