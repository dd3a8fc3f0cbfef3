import type { Host, Process, SpawnOptions } from '../core/host.ts';
import { LocalHost } from './local.ts';
import { Answers } from './openssh-answers.ts';
import { makeOpenSshFolder, type OpenSshFolder } from './openssh-folder.ts';
import { type Master, openMaster } from './openssh-master.ts';
import type { OpenSshOptions } from './openssh-options.ts';
import { startOverMaster } from './openssh-process.ts';
import { checkLaunch } from './quote.ts';
import { lineBroke } from './ssh-problem.ts';
import { reconnect } from './ssh-reconnect.ts';
import { unlessAborted } from './within.ts';

export type { OpenSshOptions } from './openssh-options.ts';

const LOGIN_TIMEOUT_MS = 30_000;

/** What all lines of one Host share. */
interface Surroundings {
  readonly local: LocalHost;
  readonly folder: OpenSshFolder;
  readonly answers: Answers;
}

/**
 * A machine as a Host behind the `ssh` program of this one, for what only that can do: user certificates, FIDO keys, GSSAPI, host
 * certificates, the user's own config. One authentication; every command borrows that line. When the line has broken, the next
 * `spawn` opens another, to the machine with the same key only; Processes that ran on it are lost.
 */
export class OpenSshHost implements Host {
  readonly label: string;
  readonly #options: OpenSshOptions;
  readonly #surroundings: Surroundings;
  readonly #closed = new AbortController();
  /** The fingerprint of the key that the machine showed first; null where it showed none that ssh would have asked about. */
  readonly #fingerprint: string | null;
  #master: Master;
  #count = 1;
  #reconnecting: Promise<Master> | null = null;

  private constructor(
    options: OpenSshOptions,
    surroundings: Surroundings,
    first: { master: Master; fingerprint: string | null },
  ) {
    this.label = options.label ?? `old machine (${options.user}@${options.place.host})`;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#master = first.master;
    this.#fingerprint = first.fingerprint;
  }

  /** Connects. Rejects with any of the codes of `openMaster` and of `makeOpenSshFolder`; then nothing of it is left. */
  static async connect(options: OpenSshOptions): Promise<OpenSshHost> {
    const { env, clock, node, hostKeyPin, ask, signal } = options;
    // Relative names in the arguments mean what they would mean to the user's own ssh.
    const local = new LocalHost({ label: 'this machine', env, cwd: '.', clock });
    const folder = await makeOpenSshFolder(local, { runtimeDir: env['XDG_RUNTIME_DIR'] ?? null, node });
    const answers = new Answers(folder, options);
    const surroundings = { local, folder, answers };
    try {
      await answers.listen();
      const pin = hostKeyPin?.replace(/=+$/, '') ?? null;
      if (pin !== null) await folder.pin(pin);
      const only = pin === null ? null : ({ fingerprint: pin, by: 'pin' } as const);
      const master = await openMaster({ ...surroundings, options, count: 1, ask, only, signal });
      const fingerprint = (await folder.shown())?.fingerprint ?? null;
      if (fingerprint !== null) await folder.pin(fingerprint);
      return new OpenSshHost(options, surroundings, { master, fingerprint });
    } catch (error) {
      await leave(surroundings);
      throw error;
    }
  }

  /**
   * Starts `argv`; a program that is not found is exit code 127. Connects again where the line has broken. Rejects as
   * `startOverMaster` does, with `connection-lost` where there is no line and none comes back, with `machine-changed` where another
   * machine answers, with what `onReconnect` throws.
   */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    checkLaunch(argv, options);
    options.signal?.throwIfAborted();
    const master = await this.#standing(options.signal);
    return this.#start(master, argv, options);
  }

  /** See `Host.steady`. */
  steady(): Host {
    return this.#seenAs(this.#master);
  }

  async close(): Promise<void> {
    this.#closed.abort(lineBroke('closed by neo-pull', this.#options.place));
    await this.#reconnecting?.catch(() => undefined);
    await this.#master.end();
    await leave(this.#surroundings);
  }

  #start(master: Master, argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    const { clock, loginTimeoutMs = LOGIN_TIMEOUT_MS } = this.#options;
    return startOverMaster(master, argv, { ...options, clock, loginTimeoutMs });
  }

  async #standing(signal: AbortSignal | undefined): Promise<Master> {
    this.#closed.signal.throwIfAborted();
    if (!this.#master.lost.aborted) return this.#master;
    // Others may wait for the same line: who gives up waiting does not end it.
    this.#reconnecting ??= this.#reconnect().finally(() => (this.#reconnecting = null));
    return unlessAborted(this.#reconnecting, signal);
  }

  async #reconnect(): Promise<Master> {
    const { clock, reconnectMs, onReconnect } = this.#options;
    const { signal } = this.#closed;
    await this.#master.end();
    const fingerprint = this.#fingerprint;
    const only = fingerprint === null ? null : ({ fingerprint, by: 'connection' } as const);
    const open = (): Promise<Master> => {
      this.#count += 1;
      const parts = { ...this.#surroundings, options: this.#options, count: this.#count, ask: null, only, signal };
      return openMaster(parts);
    };
    const fresh = await reconnect(open, { reconnectMs, clock, signal });
    try {
      await onReconnect?.(this.#seenAs(fresh));
      signal.throwIfAborted();
    } catch (error) {
      await fresh.end();
      throw error;
    }
    this.#master = fresh;
    return fresh;
  }

  /** A Host that starts everything on this one line. */
  #seenAs(master: Master): Host {
    return {
      label: this.label,
      spawn: (argv, options) => this.#start(master, argv, options),
      close: () => Promise.resolve(),
    };
  }
}

async function leave({ answers, folder }: Surroundings): Promise<void> {
  await answers.close();
  await folder.remove();
}
