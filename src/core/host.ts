import type { Readable, Writable } from 'node:stream';

/** How a Process ended: an exit code, or the signal that ended it (`TERM`, `KILL`, ...). */
export type Exit = { readonly code: number; readonly signal: null } | { readonly code: null; readonly signal: string };

export type SignalName = 'TERM' | 'KILL' | 'INT' | 'HUP';

export interface SpawnOptions {
  /** Absolute directory to start in; the login directory without it. */
  readonly cwd?: string;
  /** Added to (and winning over) the environment that the Host gives. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the Process (TERM to its whole group, KILL 2 s later) when it aborts. */
  readonly signal?: AbortSignal;
}

/** One running command on a Host. Streams are bytes; whoever spawned it must read stdout and stderr to their ends. */
export interface Process {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves once when the command is over and both outputs have ended; rejects with `connection-lost` when the line broke, with
   * `signal-undelivered` when a KILL could not be delivered and the command may still run.
   */
  readonly exit: Promise<Exit>;
  /** Signals the whole group, as soon as that can be done; throws nothing. After a KILL `exit` settles within half a minute. */
  kill(signal: SignalName): void;
}

/**
 * A machine on which commands can be started: the one primitive to the outside.
 *
 * `spawn` never hands `argv` to a shell that we do not quote for. It rejects with a `ProblemError`: `connection-lost` or one of
 * the connecting codes where the machine cannot be reached, `command-not-found` where `argv[0]` cannot be started and that is
 * known before it runs (a LocalHost knows; over SSH the exit code is 127).
 */
export interface Host {
  /** For people: `old machine (al@old.example)`. */
  readonly label: string;
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<Process>;
  /**
   * The same machine over the line as it is now: once that has broken, `spawn` rejects with `connection-lost` instead of connecting again.
   * What must not wait for a line uses it. A Host without it has no line that could break.
   */
  steady?(): Host;
  /** Ends the connection, if there is one. Repeatable. */
  close(): Promise<void>;
}
