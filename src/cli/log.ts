import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import type { Event } from '../core/event.ts';
import { escapedJson } from './ndjson.ts';
import { redact, redactText } from './redact.ts';
import type { Secrets } from './secrets.ts';

const WAITING_LINES = 2000;

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
 * disturbs the run.
 */
export class RunLog {
  readonly #options: RunLogOptions;
  readonly #pino: Logger;
  #waiting: string[] | null = [];
  #file: number | null = null;
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

  /** The listener for events: all but the ticks of progress, and of what follows a change, of which there are ten thousands in a day. */
  readonly onEvent = (event: Event): void => {
    if (event.run !== '') this.#open(event.run);
    if (event.type === 'progress' || (event.type === 'round.done' && !event.full)) return;
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
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#waiting = null;
  }

  /** A visit over several profiles goes from run to run, and what it tells goes to the log of each. */
  #open(run: string): void {
    if (this.#isClosed || run === this.#run) return;
    if (this.#file !== null) closeSync(this.#file);
    const waiting = this.#waiting ?? [];
    [this.#run, this.#waiting, this.#file] = [run, null, null];
    if (!this.#options.folderOf) return;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
    try {
      this.#file = openSync(join(this.#options.folderOf(run), 'log.ndjson'), flags, 0o600);
      for (const line of waiting) writeSync(this.#file, line);
    } catch {
      this.#file = null;
    }
  }

  #write(raw: string): void {
    const line = `${escapedJson(this.#options.secrets.hide(raw.trimEnd()))}\n`;
    this.#echo(line);
    if (this.#waiting) {
      if (this.#waiting.length < WAITING_LINES) this.#waiting.push(line);
      return;
    }
    if (this.#file === null) return;
    try {
      writeSync(this.#file, line);
    } catch {
      this.close();
    }
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
