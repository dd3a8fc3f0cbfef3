import type { Clock } from '../core/clock.ts';
import type { Host, Process } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { Deferred } from '../host/deferred.ts';
import { ENVIRONMENT, lastWordsOf } from '../host/program-output.ts';
import { within } from '../host/within.ts';
import { LAUNCH } from './bootstrap.ts';
import { PROGRAM_TEXT } from './program.generated.ts';
import { endOf, ended, unavailable } from './watch-problem.ts';

export interface LineOptions {
  readonly old: Host;
  readonly node: string;
  /** Encoded. */
  readonly request: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** So long it may say nothing at all. */
  readonly silenceMs: number;
  /** Takes what it says, and throws where that is the reason to end it. */
  readonly take: (chunk: Buffer) => void;
}

/** Spoken to so many times while it may be silent. */
const PULSES = 4;
/** So long it may take to end by itself. */
const PARTING_MS = 3000;

/** The watcher's process and the line to it, from its start to its end. */
export class WatchLine {
  /** Rejects with the first reason for its end; never resolves. */
  readonly over: Promise<never>;
  readonly #over = new Deferred<never>();
  readonly #options: LineOptions;
  readonly #process: Process;
  readonly #cut: AbortController;
  readonly #still = new AbortController();
  #isParting = false;
  /** Once it watches, its end is another Problem. */
  isReady = false;

  private constructor(options: LineOptions, process: Process, cut: AbortController) {
    this.over = this.#over.promise;
    this.#options = options;
    this.#process = process;
    this.#cut = cut;
  }

  /** Starts the program, its request and its text on stdin. Throws `watcher-unavailable` without that Node, and what else the Host throws. */
  static async open(options: LineOptions): Promise<WatchLine> {
    const { old, node, signal } = options;
    signal.throwIfAborted();
    const cut = new AbortController();
    const process = await old
      .spawn([node, ...LAUNCH], { env: ENVIRONMENT, signal: cut.signal })
      .catch((error: unknown) => {
        const isMissing = error instanceof ProblemError && error.problem.code === 'command-not-found';
        throw isMissing ? unavailable(old.label, error.problem.message) : error;
      });
    const line = new WatchLine(options, process, cut);
    line.#run();
    return line;
  }

  /** One word, without a newline. */
  say(word: string): void {
    if (!this.#isParting && !this.#cut.signal.aborted) this.#process.stdin.write(`${word}\n`);
  }

  /** Ends it at once, for this reason. */
  giveUp(reason: unknown): void {
    this.#over.reject(reason);
    this.#still.abort();
    this.#cut.abort(reason);
  }

  /** Ends it in peace and resolves when it is gone, or the line to it is. Repeatable. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    this.say('stop');
    this.#isParting = true;
    this.#still.abort();
    this.#process.stdin.end();
    const gone = this.#process.exit.catch(() => undefined);
    await within(gone, { waitMs: PARTING_MS, clock, late: () => new Error('it takes too long') }).catch(() => {
      this.#cut.abort();
      return gone;
    });
  }

  #run(): void {
    const { signal, old, take, request } = this.#options;
    const words = lastWordsOf(this.#process);
    signal.addEventListener('abort', () => this.giveUp(signal.reason), { signal: this.#still.signal });
    if (signal.aborted) this.giveUp(signal.reason);
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdout.on('error', () => undefined);
    this.#process.stdin.write(`${request}\n${PROGRAM_TEXT}`);
    const heard = this.#keepInTouch();
    this.#process.stdout.on('data', (chunk: Buffer) => {
      if (this.#cut.signal.aborted) return;
      heard();
      try {
        take(chunk);
      } catch (error) {
        this.giveUp(error);
      }
    });
    void this.#process.exit
      .then((exit) => endOf({ exit, words: words(), label: old.label }, this.isReady))
      .catch((error: unknown) => error)
      .then((reason) => {
        if (!this.#isParting) this.#over.reject(reason);
        this.#still.abort();
      });
  }

  /**
   * Speaks to it now and then, and ends it when it has not answered for too long. Counted in turns of waiting, so that the time that
   * this machine sleeps does not count. Returns what to call on hearing something.
   */
  #keepInTouch(): () => void {
    const { clock, silenceMs, old } = this.#options;
    let silent = 0;
    const touch = async (): Promise<void> => {
      for (; silent < PULSES; silent += 1) {
        this.say('ping');
        await clock.sleep(silenceMs / PULSES, this.#still.signal);
      }
      const words = `it has said nothing for ${silenceMs / 1000} s.`;
      this.giveUp(this.isReady ? ended(old.label, words) : unavailable(old.label, words));
    };
    touch().catch(() => undefined);
    return () => {
      silent = 0;
    };
  }
}
