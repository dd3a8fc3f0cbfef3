import { setMaxListeners } from 'node:events';
import { access, rm } from 'node:fs/promises';
import type { Ask } from '../core/ask.ts';
import type { Clock } from '../core/clock.ts';
import type { Exit, Process } from '../core/host.ts';
import type { LocalHost } from './local.ts';
import type { Answers } from './openssh-answers.ts';
import { CONNECT_TIMEOUT_MS, masterArgs, sessionArgs } from './openssh-args.ts';
import type { OpenSshFolder } from './openssh-folder.ts';
import type { OpenSshOptions } from './openssh-options.ts';
import {
  hopProblem,
  keyDeclined,
  type LastWords,
  noSsh,
  opensshBroke,
  opensshProblem,
  otherKey,
} from './openssh-problem.ts';
import { lineBroke, type Place, tooSlow } from './ssh-problem.ts';
import { within } from './within.ts';

const POLL_MS = 20;
const GOODBYE_MS = 1000;
const KEPT_WORDS = 8192;
/** Reaching the machine, the handshake, logging in. */
const STAGES = 3;

/** Ends the program when our end of its stdin is closed, as it is when we are killed: the line does not outlive us. */
const TIED = `exec 3<&0
"$@" </dev/null 3<&- &
program=$!
(cat <&3; kill "$program") >/dev/null 2>&1 &
tie=$!
exec 3<&-
wait "$program"
status=$?
kill "$tie" 2>/dev/null
exit "$status"`;

/** What a line is opened with. */
export interface MasterParts {
  readonly options: OpenSshOptions;
  readonly local: LocalHost;
  readonly folder: OpenSshFolder;
  readonly answers: Answers;
  /** Which login of this Host it is. */
  readonly count: number;
  /** Who may be asked now; null when nobody, whatever the options say. */
  readonly ask: Ask | null;
  /** The only key that is taken, if there is one. */
  readonly only: LastWords['only'];
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens one authenticated connection by an ssh of our own, which is nobody else's control master. Rejects with `host-not-found`,
 * `host-unreachable`, `handshake-failed`, `auth-failed`, `host-key-unknown`, `host-key-changed`, `host-key-revoked`,
 * `machine-changed`, `declined`, `command-not-found`, what asking a person rejects with, or the signal's reason.
 */
export async function openMaster(parts: MasterParts): Promise<Master> {
  const { options, local, folder, answers, count, ask, signal } = parts;
  const { ssh = 'ssh', clock } = options;
  signal?.throwIfAborted();
  answers.begin(ask);
  await folder.forget();
  const line = folder.line(count);
  const words = masterArgs(options, folder, { line, answered: answers.any, person: ask !== null });
  const process = await local.spawn(['/bin/sh', '-c', TIED, 'sh', ssh, ...words], {
    env: { LC_ALL: 'C', SSH_ASKPASS: folder.askProgram, SSH_ASKPASS_REQUIRE: 'force' },
  });
  const master = new Master({ process, local, ssh, line, place: options.place, clock });
  try {
    await untilItStands(master, parts);
    await judgeAgain(parts);
    return master;
  } catch (error) {
    await master.end();
    throw error;
  }
}

async function untilItStands(master: Master, parts: MasterParts): Promise<void> {
  const { options, answers, signal } = parts;
  const { clock, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  for (let waitedMs = 0; !(await exists(master.line));) {
    if (answers.failure) throw answers.failure;
    if (master.exit) throw await whyItEnded(master, parts, master.exit);
    if (waitedMs > STAGES * connectTimeoutMs) throw tooSlow('authenticate', STAGES * connectTimeoutMs, options.place);
    await clock.sleep(POLL_MS, signal);
    if (!answers.asking) waitedMs += POLL_MS;
  }
}

/** Should there be a way into ssh on which it has not asked our program about the key, it is not taken. */
async function judgeAgain({ options, folder, only }: MasterParts): Promise<void> {
  const shown = await folder.shown();
  if (only && shown?.fingerprint !== only.fingerprint) throw otherKey({ place: options.place, shown, only });
}

async function whyItEnded(master: Master, { options, folder, answers, only }: MasterParts, exit: Exit): Promise<Error> {
  if (exit.code === 126 || exit.code === 127) return noSsh(options.ssh ?? 'ssh');
  const shown = await folder.shown();
  const { place, user, via } = options;
  const hops = await Promise.all(
    (via?.hops ?? []).map(async (hop, at) => ({ ...hop, said: await folder.saidAtHop(at) })),
  );
  const atHop = hopProblem(hops, answers.declined);
  if (atHop) return atHop;
  if (answers.declined) return keyDeclined({ place, shown });
  return opensshProblem({ said: master.said, place, user, shown, only });
}

/** One authenticated connection, held by an ssh of ours. It does not come back; a new one takes its place. */
export class Master {
  readonly line: string;
  readonly place: Place;
  readonly clock: Clock;
  readonly #process: Process;
  readonly #local: LocalHost;
  readonly #ssh: string;
  readonly #lost = new AbortController();
  #said = '';
  #exit: Exit | null = null;
  /** When a command on this line was last seen to end. */
  #endedAt = -Infinity;

  constructor(parts: { process: Process; local: LocalHost; ssh: string; line: string; place: Place; clock: Clock }) {
    this.line = parts.line;
    this.place = parts.place;
    this.clock = parts.clock;
    this.#process = parts.process;
    this.#local = parts.local;
    this.#ssh = parts.ssh;
    // Each running Process listens.
    setMaxListeners(0, this.#lost.signal);
    const { stdout, stderr, exit } = parts.process;
    stdout.resume();
    stderr.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString('latin1')).slice(-KEPT_WORDS)));
    void exit.then((how) => {
      this.#exit = how;
      this.#lost.abort(opensshBroke(this.said, this.place));
    });
  }

  /** Aborts, with `connection-lost` as its reason, the moment the line is known to be broken, and when it is closed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** How ssh ended; null while it runs. */
  get exit(): Exit | null {
    return this.#exit;
  }

  /** The end of what ssh has said for itself, without the places in its source that `LogVerbose` puts before it. */
  get said(): string {
    return this.#said.replaceAll(/^\S+\.c:\S+ \(pid=\d+\): /gm, '');
  }

  /** How long ago a command was last seen to end. */
  get sinceEndMs(): number {
    return this.clock.now() - this.#endedAt;
  }

  /** A command that ran on this line has ended just now. */
  sawEnd(): void {
    this.#endedAt = this.clock.now();
  }

  /** Starts a command line in the login shell, by an ssh that borrows this line; how that ends says nothing. */
  async start(command: string): Promise<Process> {
    this.lost.throwIfAborted();
    return this.#local.spawn([this.#ssh, ...sessionArgs(this.line, command)], { env: { LC_ALL: 'C' } });
  }

  /** Ends ssh; Processes that still run are lost. Repeatable. */
  async end(): Promise<void> {
    this.#lost.abort(lineBroke('closed by neo-pull', this.place));
    const late = (): Error => new Error('no goodbye');
    this.#process.kill('TERM');
    await within(this.#process.exit, { waitMs: GOODBYE_MS, clock: this.clock, late }).catch(() => {
      this.#process.kill('KILL');
      return this.#process.exit;
    });
    await rm(this.line, { force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
