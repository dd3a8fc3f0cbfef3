import type { Host, Process, SpawnOptions } from '../core/host.ts';
import type { TrustedHostKey } from './host-key.ts';
import { checkLaunch } from './quote.ts';
import type { Connection } from './ssh-connection.ts';
import { Line } from './ssh-line.ts';
import type { SshOptions } from './ssh-options.ts';
import { lineBroke } from './ssh-problem.ts';
import { startProcess } from './ssh-process.ts';
import { reconnect } from './ssh-reconnect.ts';
import { unlessAborted } from './within.ts';

const LOGIN_TIMEOUT_MS = 30_000;

/**
 * A machine behind SSH as a Host: one Connection, one authentication, one decision on the host key. When the line has broken, the
 * next `spawn` opens another, to the machine with the same key only; Processes that ran on it are lost.
 */
export class SshHost implements Host {
  readonly label: string;
  readonly #options: SshOptions;
  readonly #line: Line;
  readonly #closed = new AbortController();
  #connection: Connection;
  #reconnecting: Promise<Connection> | null = null;

  private constructor(options: SshOptions, line: Line, connection: Connection) {
    this.label = options.label ?? `old machine (${options.user}@${options.host})`;
    this.#options = options;
    this.#line = line;
    this.#connection = connection;
  }

  /**
   * Connects, through the hops that lie between. Rejects as `Line.open` does.
   */
  static async connect(options: SshOptions): Promise<SshHost> {
    const line = new Line(options);
    return new SshHost(options, line, await line.open({ ask: options.ask, signal: options.signal }));
  }

  /** The key that the machine has shown, and who vouched for it. */
  get hostKey(): TrustedHostKey {
    return this.#connection.hostKey;
  }

  /**
   * Starts `argv`; over SSH a program that is not found is exit code 127. Connects again where the line has broken. Rejects as
   * `startProcess` does, with `connection-lost` where there is no line and none comes back, with `machine-changed` where another
   * machine answers, with what `onReconnect` throws.
   */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    checkLaunch(argv, options);
    options.signal?.throwIfAborted();
    const connection = await this.#standing(options.signal);
    return this.#start(connection, argv, options);
  }

  /** See `Host.steady`. */
  steady(): Host {
    return this.#seenAs(this.#connection);
  }

  async close(): Promise<void> {
    this.#closed.abort(lineBroke('closed by neo-pull', this.#options));
    await this.#connection.end();
  }

  #start(connection: Connection, argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    const { clock, loginTimeoutMs = LOGIN_TIMEOUT_MS } = this.#options;
    return startProcess(connection, argv, { ...options, clock, loginTimeoutMs });
  }

  async #standing(signal: AbortSignal | undefined): Promise<Connection> {
    this.#closed.signal.throwIfAborted();
    if (!this.#connection.lost.aborted) return this.#connection;
    // Others may wait for the same line: who gives up waiting does not end it.
    this.#reconnecting ??= this.#reconnect().finally(() => (this.#reconnecting = null));
    return unlessAborted(this.#reconnecting, signal);
  }

  async #reconnect(): Promise<Connection> {
    const { clock, reconnectMs, onReconnect } = this.#options;
    const { signal } = this.#closed;
    const open = (): Promise<Connection> => this.#line.open({ ask: null, signal });
    const fresh = await reconnect(open, { reconnectMs, clock, signal });
    try {
      await onReconnect?.(this.#seenAs(fresh));
      signal.throwIfAborted();
    } catch (error) {
      await fresh.end();
      throw error;
    }
    this.#connection = fresh;
    return fresh;
  }

  /** A Host that starts everything on this one Connection. */
  #seenAs(connection: Connection): Host {
    return {
      label: this.label,
      spawn: (argv, options) => this.#start(connection, argv, options),
      close: () => Promise.resolve(),
    };
  }
}
