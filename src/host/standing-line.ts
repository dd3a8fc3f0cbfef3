import type { Clock } from '../core/clock.ts';
import type { Host, Process, SpawnOptions } from '../core/host.ts';
import { checkLaunch } from './quote.ts';
import { lineBroke, type Place } from './ssh-problem.ts';
import { reconnect } from './ssh-reconnect.ts';
import { unlessAborted } from './within.ts';

/** One authenticated connection, of whichever kind. Once `lost` has aborted it does not come back. */
export interface Breakable {
  readonly lost: AbortSignal;
  /** Repeatable. */
  end(): Promise<void>;
}

/** What a line is kept standing with. */
export interface StandingParts<Line extends Breakable> {
  readonly label: string;
  readonly place: Place;
  readonly clock: Clock;
  readonly reconnectMs: number;
  /** Asks nobody. */
  readonly open: (signal: AbortSignal) => Promise<Line>;
  readonly start: (line: Line, argv: readonly string[], options: SpawnOptions) => Promise<Process>;
  readonly onReconnect: ((fresh: Host) => Promise<void>) | undefined;
}

/** Keeps a line to one machine: when it has broken, the next that needs it opens another; Processes that ran on it are lost. */
export class StandingLine<Line extends Breakable> {
  readonly #parts: StandingParts<Line>;
  readonly #closed = new AbortController();
  #line: Line;
  #reconnecting: Promise<Line> | null = null;

  constructor(line: Line, parts: StandingParts<Line>) {
    this.#line = line;
    this.#parts = parts;
  }

  /** The line as it is now, broken or not. */
  get now(): Line {
    return this.#line;
  }

  /**
   * Starts `argv`, on another line where this one has broken. Rejects as `start` does, with `connection-lost` where none comes back, with
   * what `onReconnect` throws.
   */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    checkLaunch(argv, options);
    options.signal?.throwIfAborted();
    return this.#parts.start(await this.#standing(options.signal), argv, options);
  }

  /** A Host that starts everything on this one line. */
  seenAs(line: Line): Host {
    return {
      label: this.#parts.label,
      spawn: (argv, options = {}) => this.#parts.start(line, argv, options),
      close: () => Promise.resolve(),
    };
  }

  /** Ends the line, and what is about to take its place. Repeatable. */
  async close(): Promise<void> {
    this.#closed.abort(lineBroke('closed by neo-pull', this.#parts.place));
    await this.#reconnecting?.catch(() => undefined);
    await this.#line.end();
  }

  async #standing(signal: AbortSignal | undefined): Promise<Line> {
    this.#closed.signal.throwIfAborted();
    if (!this.#line.lost.aborted) return this.#line;
    // Others may wait for the same line: who gives up waiting does not end it.
    this.#reconnecting ??= this.#reconnect().finally(() => (this.#reconnecting = null));
    return unlessAborted(this.#reconnecting, signal);
  }

  async #reconnect(): Promise<Line> {
    const { clock, reconnectMs, open, onReconnect } = this.#parts;
    const { signal } = this.#closed;
    await this.#line.end();
    const fresh = await reconnect(() => open(signal), { reconnectMs, clock, signal });
    try {
      await onReconnect?.(this.seenAs(fresh));
      signal.throwIfAborted();
    } catch (error) {
      await fresh.end();
      throw error;
    }
    this.#line = fresh;
    return fresh;
  }
}
