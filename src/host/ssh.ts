import type { Host, Process, SpawnOptions } from '../core/host.ts';
import { firstPolicy, samePolicy, type TrustedHostKey } from './host-key.ts';
import { checkLaunch } from './quote.ts';
import { rememberHostKey } from './remember-host-key.ts';
import { Credentials } from './ssh-auth.ts';
import { openConnection } from './ssh-connect.ts';
import type { Connection } from './ssh-connection.ts';
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
  readonly #credentials: Credentials;
  readonly #closed = new AbortController();
  #connection: Connection;
  #reconnecting: Promise<Connection> | null = null;

  private constructor(options: SshOptions, credentials: Credentials, connection: Connection) {
    this.label = options.label ?? `old machine (${options.user}@${options.host})`;
    this.#options = options;
    this.#credentials = credentials;
    this.#connection = connection;
  }

  /**
   * Connects. A key that a person accepted is added to the first known_hosts file. Rejects with any of the codes of `openConnection`
   * and of `HostKeyPolicy.judge`; nothing but the handshake has been sent to a machine whose key was refused.
   */
  static async connect(options: SshOptions): Promise<SshHost> {
    const credentials = new Credentials(options);
    const policy = await firstPolicy(options);
    const connection = await openConnection({ options, policy, credentials, ask: options.ask });
    const [file] = options.knownHosts;
    if (connection.hostKey.trustedBy === 'person' && file !== undefined) {
      // The person said yes: a file that cannot be written means being asked again next time, no more.
      await rememberHostKey(file, options, connection.hostKey).catch(() => undefined);
    }
    return new SshHost(options, credentials, connection);
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
    const { clock, reconnectMs, host, port, onReconnect } = this.#options;
    const policy = samePolicy(this.hostKey, host, port);
    const { signal } = this.#closed;
    const options = { ...this.#options, signal };
    const open = (): Promise<Connection> =>
      openConnection({ options, policy, credentials: this.#credentials, ask: null });
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
