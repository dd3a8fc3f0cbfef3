import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { Clock } from '../core/clock.ts';
import { ProblemError } from '../core/problem.ts';
import type { TrustedHostKey } from './host-key.ts';
import { lineBroke, notForwarded, type Place, sessionsRefused, shellUnusable } from './ssh-problem.ts';
import { within } from './within.ts';

/** How a line is told to be dead: so many intervals without a byte, though an answer was asked for in each. */
export interface Pulse {
  readonly keepaliveMs: number;
  readonly keepaliveCount: number;
  readonly clock: Clock;
}

/** What is asked for at the end of one silent interval can only be answered in the next. */
const FEWEST_SILENT = 2;
const GOODBYE_MS = 1000;
const ENDING_MS = 2000;
const ENDING_POLL_MS = 20;

/** One authenticated SSH connection to a machine whose key was judged. It does not come back; a new one takes its place. */
export class Connection {
  readonly hostKey: TrustedHostKey;
  readonly place: Place;
  readonly #client: Client;
  readonly #stream: Duplex;
  #bytesRead = 0;
  readonly #lost = new AbortController();
  readonly #clock: Clock;
  /** When a command on this line was last seen to end or to close. */
  #endedAt = -Infinity;

  constructor(parts: { client: Client; stream: Duplex; hostKey: TrustedHostKey; place: Place }, pulse: Pulse) {
    this.hostKey = parts.hostKey;
    this.place = parts.place;
    this.#client = parts.client;
    this.#stream = parts.stream;
    this.#stream.on('data', (chunk: Buffer) => (this.#bytesRead += chunk.length));
    this.#clock = pulse.clock;
    // Each running Process listens.
    setMaxListeners(0, this.#lost.signal);
    void this.#feelPulse(pulse);
  }

  /** Aborts, with `connection-lost` as its reason, the moment the line is known to be broken, and when it is closed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Starts a command line in the login shell. `take` gets the channel in the same turn in which it opens: what the command says and
   * how it ended may follow at once. Rejects with `sessions-refused`, `login-shell-unusable` or `connection-lost`.
   *
   * A server counts a command that has ended until it has seen our side of the channel close and gone round its loop once more
   * (OpenSSH does both in one batch), so a refusal right after an end is asked again.
   */
  async exec<T>(line: string, take: (channel: ClientChannel) => T): Promise<T> {
    for (;;) {
      try {
        return await this.#exec(line, take);
      } catch (error) {
        const isRefused = error instanceof ProblemError && error.problem.code === 'sessions-refused';
        if (!isRefused || this.#clock.now() - this.#endedAt > ENDING_MS) throw error;
        await this.#clock.sleep(ENDING_POLL_MS, this.lost);
      }
    }
  }

  #exec<T>(line: string, take: (channel: ClientChannel) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(this.#reason());
      if (this.lost.aborted) {
        lost();
        return;
      }
      this.lost.addEventListener('abort', lost, { once: true });
      const opened = (error: (Error & { reason?: unknown }) | undefined, channel: ClientChannel): void => {
        this.lost.removeEventListener('abort', lost);
        if (!error) {
          const ended = (): void => void (this.#endedAt = this.#clock.now());
          channel.once('exit', ended).once('close', ended);
          resolve(take(channel));
        } else if (this.lost.aborted) lost();
        else if (error.reason === undefined)
          reject(shellUnusable('was not started by the SSH server', '', this.place, error));
        else reject(sessionsRefused(this.place, error));
      };
      try {
        this.#client.exec(line, opened);
      } catch (error) {
        this.broken(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Opens a stream from the machine to another place. Rejects with `host-unreachable` where it cannot or may not, or `connection-lost`. */
  forward({ host, port }: Place): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (this.lost.aborted) {
        reject(this.#reason());
        return;
      }
      try {
        this.#client.forwardOut('127.0.0.1', 0, host, port, (error: Error | undefined, channel) => {
          if (!error) resolve(channel);
          else reject(this.lost.aborted ? this.#reason() : notForwarded({ host, port }, error));
        });
      } catch (error) {
        this.broken(error instanceof Error ? error : new Error(String(error)));
        reject(this.#reason());
      }
    });
  }

  /** The line is broken: whoever uses it is told, and it is not used again. Repeatable. */
  broken(error: Error & { code?: string | number }): void {
    if (this.lost.aborted) return;
    this.#lost.abort(lineBroke(typeof error.code === 'string' ? error.code : error.message, this.place, error));
    this.#stream.destroy();
  }

  /** Says goodbye and closes the line; Processes that still run are lost. Repeatable. */
  async end(): Promise<void> {
    if (this.#stream.destroyed) return;
    this.#lost.abort(lineBroke('closed by neo-pull', this.place));
    const closed = new Promise<void>((resolve) => this.#stream.once('close', () => resolve()));
    this.#client.end();
    const late = (): Error => new Error('no goodbye');
    await within(closed, { waitMs: GOODBYE_MS, clock: this.#clock, late }).catch(() => this.#stream.destroy());
  }

  #reason(): Error {
    return this.lost.reason instanceof Error ? this.lost.reason : lineBroke('unknown', this.place);
  }

  /**
   * ssh2 asks for a sign of life in every interval, but would count only the answer to that, which on a slow line waits behind
   * megabytes of data. Here any byte counts.
   */
  async #feelPulse({ keepaliveMs, keepaliveCount, clock }: Pulse): Promise<void> {
    const most = Math.max(keepaliveCount, FEWEST_SILENT);
    let silent = 0;
    try {
      while (silent < most) {
        const seen = this.#bytesRead;
        await clock.sleep(keepaliveMs, this.lost);
        silent = this.#bytesRead === seen ? silent + 1 : 0;
      }
      this.broken(new Error(`no sign of life for ${(keepaliveMs * most) / 1000} s`));
    } catch {
      // The line is gone already.
    }
  }
}
