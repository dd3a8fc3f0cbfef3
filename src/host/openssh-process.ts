import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Exit, Process, SignalName } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { Deferred } from './deferred.ts';
import { afterGrace, endOnAbort } from './ending.ts';
import { FramedOutput } from './frame.ts';
import type { Master } from './openssh-master.ts';
import { type Aside, sendSignal } from './openssh-signal.ts';
import { loginCommand } from './quote.ts';
import { exitOf } from './shell-status.ts';
import { lineBroke, sessionsRefused, shellUnusable, signalUndelivered } from './ssh-problem.ts';
import type { StartOptions } from './ssh-process.ts';
import { Trailer } from './trailer.ts';
import { unlessAborted, within } from './within.ts';

/** As in ssh-connection.ts: a server counts a command that has ended a moment longer. */
const ENDING_MS = 2000;
const ENDING_POLL_MS = 20;
/** When a line breaks, its commands may be seen to end before ssh is. */
const NEWS_MS = 1000;

/**
 * Starts a Process over a standing ssh. It resolves when the login shell is done and the command is about to begin. Rejects as
 * `startProcess` (ssh-process.ts) does.
 */
export async function startOverMaster(
  master: Master,
  argv: readonly string[],
  { clock, loginTimeoutMs, signal, openAside, ...launch }: StartOptions & Aside,
): Promise<Process> {
  const late = (): Error =>
    shellUnusable(`did not start the command within ${loginTimeoutMs / 1000} s`, '', master.place);
  const abandoned = new AbortController();
  let latest: OpenSshProcess | null = null;
  const begin = async (): Promise<OpenSshProcess> => {
    const nonce = randomBytes(16).toString('hex');
    const child = await master.start(loginCommand(argv, { ...launch, nonce, reports: true }));
    latest = new OpenSshProcess(child, { nonce, master, openAside });
    if (abandoned.signal.aborted) latest.abandon();
    await latest.begun();
    return latest;
  };
  const beginPatiently = async (): Promise<OpenSshProcess> => {
    for (;;) {
      try {
        return await begin();
      } catch (error) {
        const isRefused = error instanceof ProblemError && error.problem.code === 'sessions-refused';
        if (!isRefused || abandoned.signal.aborted || master.sinceEndMs > ENDING_MS) throw error;
        await clock.sleep(ENDING_POLL_MS, master.lost);
      }
    }
  };
  try {
    const process = await unlessAborted(within(beginPatiently(), { waitMs: loginTimeoutMs, clock, late }), signal);
    if (signal) endOnAbort(process, signal, clock);
    return process;
  } catch (error) {
    abandoned.abort();
    (latest as OpenSshProcess | null)?.abandon();
    throw error;
  }
}

class OpenSshProcess implements Process {
  readonly stdin: Writable;
  readonly stdout: FramedOutput;
  readonly stderr: FramedOutput;
  readonly #child: Process;
  readonly #master: Master;
  readonly #openAside: Aside['openAside'];
  readonly #trailer: Trailer;
  readonly #exit = new Deferred<Exit>();
  readonly #sound = new Deferred<undefined>();
  #pid: number | null = null;
  /** Did a KILL get there? Null as long as none was sent. */
  #killing: Promise<boolean> | null = null;
  #over = false;

  constructor(child: Process, with_: { nonce: string; master: Master } & Aside) {
    const { nonce, master, openAside } = with_;
    this.#child = child;
    this.#openAside = openAside;
    this.#master = master;
    this.#trailer = new Trailer(nonce);
    this.stdin = child.stdin;
    const sound = this.#sound.promise;
    this.stdout = new FramedOutput(child.stdout, nonce, { sound });
    this.stderr = new FramedOutput(child.stderr, nonce, { sound, trailer: this.#trailer });
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on('error', () => undefined);
    this.#awaitEnd();
  }

  get exit(): Promise<Exit> {
    return this.#exit.promise;
  }

  /** Resolves when both outputs have reached the command, and it has been told to begin. */
  async begun(): Promise<void> {
    const reached = Promise.all([this.stdout.begun, this.stderr.begun]);
    const [pid, samePid] = await Promise.race([reached, this.exit.then(() => reached)]);
    if (pid !== null && samePid !== null) {
      this.#pid = pid;
      this.stdin.write('go\n');
      return;
    }
    this.stdout.resume();
    this.stderr.resume();
    // Nothing of ours ran, so this is how the login shell ended; 255 is ssh itself.
    const { code } = await this.#child.exit;
    const said = `${this.stdout.noise} ${this.stderr.noise}`;
    if (this.stderr.noise.includes('Session open refused by peer')) throw sessionsRefused(this.#master.place, said);
    if (code === 255) await news(this.#master);
    this.#master.lost.throwIfAborted();
    throw shellUnusable(`ended (exit code ${code ?? 'unknown'}) before the command began`, said, this.#master.place);
  }

  kill(signal: SignalName): void {
    if (this.#over) return;
    if (signal !== 'KILL') void this.#send(signal);
    else {
      this.#killing ??= this.#send('KILL');
      afterGrace(this, this.#master.clock, () => this.abandon());
    }
  }

  /** Closes the channel, whatever the other side still has to say, but not before a KILL has got there or could not. */
  abandon(): void {
    if (this.#over) return;
    const [pid, { place }] = [this.#pid, this.#master];
    const end = (isKilled: boolean): void => {
      if (isKilled) this.#finish(() => this.#exit.resolve({ code: null, signal: 'KILL' }));
      else this.#fail(signalUndelivered(pid, place));
    };
    // What has not begun never will.
    if (pid === null) end(true);
    else void (this.#killing ??= this.#send('KILL')).then(end);
  }

  #send(signal: SignalName): Promise<boolean> {
    return sendSignal(this.#master, { pid: this.#pid, signal, openAside: this.#openAside });
  }

  #awaitEnd(): void {
    const { lost } = this.#master;
    const onLost = (): void => this.#break();
    if (lost.aborted) onLost();
    lost.addEventListener('abort', onLost, { once: true });
    const closed = [this.stdout, this.stderr].map((output) => new Promise((resolve) => output.once('close', resolve)));
    void this.#child.exit.then(async () => {
      const exit = this.#told();
      if (exit === null) {
        await news(this.#master);
        this.#break();
        return;
      }
      this.#master.sawEnd();
      this.#sound.resolve(undefined);
      await Promise.all(closed);
      this.#finish(() => this.#exit.resolve(exit));
    });
    const forget = (): void => lost.removeEventListener('abort', onLost);
    this.exit.then(forget, forget);
  }

  /** How the command ended, if that is known. */
  #told(): Exit | null {
    const { status } = this.#trailer;
    if (status !== null) return exitOf(status);
    return this.#killing ? { code: null, signal: 'KILL' } : null;
  }

  #break(): void {
    const { lost, place } = this.#master;
    const known: unknown = lost.aborted ? lost.reason : undefined;
    const error = known instanceof Error ? known : lineBroke('a command ended without an exit status', place);
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.#finish(() => {
      this.#exit.reject(error);
      for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error);
    });
  }

  #finish(settle: () => void): void {
    if (this.#over) return;
    this.#over = true;
    settle();
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy();
    this.#child.kill('KILL');
  }
}

/** Resolves when the line is known to be lost, or has had the time to become so. */
async function news({ lost, clock }: Master): Promise<void> {
  if (!lost.aborted) await clock.sleep(NEWS_MS, lost).catch(() => undefined);
}
