import type { Host, Process, SpawnOptions } from '../core/host.ts';
import type { TrustedHostKey } from './host-key.ts';
import type { Connection } from './ssh-connection.ts';
import { Line } from './ssh-line.ts';
import type { SshOptions } from './ssh-options.ts';
import { startProcess } from './ssh-process.ts';
import { StandingLine } from './standing-line.ts';

const LOGIN_TIMEOUT_MS = 30_000;

/**
 * A machine behind SSH as a Host: one Connection, one authentication, one decision on the host key. When the line has broken, the
 * next `spawn` opens another, to the machine with the same key only; Processes that ran on it are lost.
 */
export class SshHost implements Host {
  readonly label: string;
  readonly #standing: StandingLine<Connection>;

  private constructor(options: SshOptions, line: Line, connection: Connection) {
    const { host, port, clock, reconnectMs, onReconnect, loginTimeoutMs = LOGIN_TIMEOUT_MS } = options;
    this.label = options.label ?? `old machine (${options.user}@${host})`;
    this.#standing = new StandingLine(connection, {
      ...{ label: this.label, place: { host, port }, clock, reconnectMs, onReconnect },
      open: (signal) => line.open({ ask: null, signal }),
      start: (on, argv, launch) => startProcess(on, argv, { ...launch, clock, loginTimeoutMs }),
    });
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
    return this.#standing.now.hostKey;
  }

  /**
   * Starts `argv`; over SSH a program that is not found is exit code 127. Connects again where the line has broken. Rejects as
   * `startProcess` does, with `connection-lost` where there is no line and none comes back, with `machine-changed` where another
   * machine answers, with what `onReconnect` throws.
   */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<Process> {
    return this.#standing.spawn(argv, options);
  }

  /** See `Host.steady`. */
  steady(): Host {
    return this.#standing.seenAs(this.#standing.now);
  }

  close(): Promise<void> {
    return this.#standing.close();
  }
}
