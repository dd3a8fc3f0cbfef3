import type { Host, Process, SpawnOptions } from '../core/host.ts';
import { LocalHost } from './local.ts';
import { Answers } from './openssh-answers.ts';
import { makeOpenSshFolder, type OpenSshFolder } from './openssh-folder.ts';
import { type Master, openMaster } from './openssh-master.ts';
import type { OpenSshOptions } from './openssh-options.ts';
import { startOverMaster } from './openssh-process.ts';
import { StandingLine } from './standing-line.ts';

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
  readonly #surroundings: Surroundings;
  readonly #standing: StandingLine<Master>;

  /** `fingerprint` is of the key that the machine showed first; null where it showed none that ssh would have asked about. */
  private constructor(
    options: OpenSshOptions,
    surroundings: Surroundings,
    { master, fingerprint }: { master: Master; fingerprint: string | null },
  ) {
    const { place, clock, reconnectMs, onReconnect, loginTimeoutMs = LOGIN_TIMEOUT_MS } = options;
    const only = fingerprint === null ? null : ({ fingerprint, by: 'connection' } as const);
    let count = 1;
    // One after the other: they share what is asked and which key was shown.
    let opening: Promise<unknown> = Promise.resolve();
    const open = (signal: AbortSignal): Promise<Master> => {
      const next = opening.then(() =>
        openMaster({ ...surroundings, options, count: (count += 1), ask: null, only, signal }),
      );
      opening = next.catch(() => undefined);
      return next;
    };
    this.label = options.label ?? `old machine (${options.user}@${place.host})`;
    this.#surroundings = surroundings;
    this.#standing = new StandingLine(master, {
      ...{ label: this.label, place, clock, reconnectMs, onReconnect },
      open,
      start: (on, argv, launch) => startOverMaster(on, argv, { ...launch, clock, loginTimeoutMs, openAside: open }),
    });
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
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<Process> {
    return this.#standing.spawn(argv, options);
  }

  /** See `Host.steady`. */
  steady(): Host {
    return this.#standing.seenAs(this.#standing.now);
  }

  async close(): Promise<void> {
    await this.#standing.close();
    await leave(this.#surroundings);
  }
}

async function leave({ answers, folder }: Surroundings): Promise<void> {
  await answers.close();
  await folder.remove();
}
