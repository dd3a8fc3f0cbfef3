import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { kill } from 'node:process';
import type { Clock } from '../core/clock.ts';
import type { Exit, Host, Process, SignalName, SpawnOptions } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { systemClock } from './clock.ts';
import { afterGrace, endOnAbort } from './ending.ts';
import { printable } from './printable.ts';
import { checkLaunch } from './quote.ts';

/** What a LocalHost is made of. `env` is the whole environment of its Processes: nothing else is inherited. */
export interface LocalHostOptions {
  readonly label: string;
  readonly env: Readonly<Record<string, string>>;
  /** The login directory; `env.HOME` without it. */
  readonly cwd?: string;
  readonly clock?: Clock;
}

/** This machine as a Host. Every Process leads a process group of its own, and signals go to the whole group. */
export class LocalHost implements Host {
  readonly label: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #cwd: string;
  readonly #clock: Clock;

  constructor({ label, env, cwd, clock = systemClock }: LocalHostOptions) {
    this.label = label;
    this.#env = env;
    this.#cwd = cwd ?? env['HOME'] ?? '/';
    this.#clock = clock;
  }

  /**
   * Starts `argv`; argv[0] is looked up on the PATH of its own environment. Rejects with `command-not-found` where it cannot be
   * started, with the signal's reason where that is aborted already. A `cwd` that cannot be entered is exit code 125, as over SSH.
   */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<Process> {
    checkLaunch(argv, options);
    options.signal?.throwIfAborted();
    const cwd = options.cwd ?? this.#cwd;
    const env = { ...this.#env, ...options.env };
    const started = await start(argv, cwd, env).catch(async (error: unknown) => {
      if (await isEnterable(cwd)) throw notStarted(argv, error);
      return start(['/bin/sh', '-c', 'printf "cannot enter %s\\n" "$1" >&2; exit 125', 'sh', cwd], '/', env);
    });
    const local = new LocalProcess(started, this.#clock);
    if (options.signal) endOnAbort(local, options.signal, this.#clock);
    return local;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class LocalProcess implements Process {
  readonly stdin: Process['stdin'];
  readonly stdout: Process['stdout'];
  readonly stderr: Process['stderr'];
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #clock: Clock;
  #over = false;

  constructor(child: ChildProcessWithoutNullStreams, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    // A command that ends before it has read its input is no error of ours; whoever pipes into it sees it none the less.
    child.stdin.on('error', () => undefined);
    this.exit = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#over = true;
        resolve(
          signal === null ? { code: code ?? 0, signal: null } : { code: null, signal: signal.slice('SIG'.length) },
        );
      });
    });
  }

  kill(signal: SignalName): void {
    // Once it is over, its number may belong to somebody else.
    if (this.#over || this.#child.pid === undefined) return;
    signalGroup(this.#child.pid, signal);
    if (signal === 'KILL') afterGrace(this, this.#clock, () => this.#cutOff());
  }

  /** What left the group may hold the outputs open for ever. */
  #cutOff(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }
}

function signalGroup(leader: number, signal: SignalName): void {
  try {
    kill(-leader, `SIG${signal}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function start(
  argv: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<ChildProcessWithoutNullStreams> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env, detached: true, stdio: 'pipe' });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  return child;
}

async function isEnterable(path: string): Promise<boolean> {
  return access(`${path}/.`, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function notStarted(argv: readonly string[], error: unknown): ProblemError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const program = printable(argv[0] ?? '', 200);
  return fail(
    'command-not-found',
    {
      message: `${program} could not be started on this machine (${code}).`,
      hint: `See whether it is installed and executable: command -v ${program}`,
    },
    { cause: error },
  );
}
