import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { Clock } from '../core/clock.ts';
import type { Exit, Process, SignalName, SpawnOptions } from '../core/host.ts';
import { refusedProblem } from './account-read-only.ts';
import { Deferred } from './deferred.ts';
import { afterGrace, endOnAbort } from './ending.ts';
import { FramedOutput } from './frame.ts';
import { loginCommand, signalCommand } from './quote.ts';
import type { Connection } from './ssh-connection.ts';
import { lineBroke, shellUnusable } from './ssh-problem.ts';
import { unlessAborted, within } from './within.ts';

/** What starting a Process over SSH needs besides its argv. */
export interface StartOptions extends SpawnOptions {
  readonly clock: Clock;
  readonly loginTimeoutMs: number;
}

/**
 * Starts a Process on a Connection. It resolves when the login shell is done and the command is about to begin: nothing that is
 * written to stdin can go to an rc file that asks. Rejects with `login-shell-unusable` (it ended, or did not get there in time),
 * `account-read-only`, `output-too-large` (it printed too much), `sessions-refused`, `connection-lost`, or the signal's reason.
 */
export async function startProcess(
  connection: Connection,
  argv: readonly string[],
  { clock, loginTimeoutMs, signal, ...launch }: StartOptions,
): Promise<Process> {
  const nonce = randomBytes(16).toString('hex');
  const line = loginCommand(argv, { ...launch, nonce });
  const late = (): Error =>
    shellUnusable(`did not start the command within ${loginTimeoutMs / 1000} s`, '', connection.place);
  const abandoned = new AbortController();
  const begin = async (): Promise<SshProcess> => {
    const process = await connection.exec(line, (channel) => {
      const taken = new SshProcess(channel, { nonce, connection, clock });
      if (abandoned.signal.aborted) taken.abandon();
      else abandoned.signal.addEventListener('abort', () => taken.abandon());
      return taken;
    });
    await process.begun();
    return process;
  };
  try {
    const process = await unlessAborted(within(begin(), { waitMs: loginTimeoutMs, clock, late }), signal);
    if (signal) endOnAbort(process, signal, clock);
    return process;
  } catch (error) {
    abandoned.abort();
    throw error;
  }
}

class SshProcess implements Process {
  readonly stdin: Writable;
  readonly stdout: FramedOutput;
  readonly stderr: FramedOutput;
  readonly #channel: ClientChannel;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #exit = new Deferred<Exit>();
  #pid: number | null = null;
  #over = false;

  constructor(channel: ClientChannel, with_: { nonce: string; connection: Connection; clock: Clock }) {
    this.#channel = channel;
    this.#connection = with_.connection;
    this.#clock = with_.clock;
    this.stdin = inputOf(channel);
    this.stdout = new FramedOutput(channel, with_.nonce);
    this.stderr = new FramedOutput(channel.stderr, with_.nonce);
    // Who reads or writes sees how a stream broke; for all others `exit` says it, and a stream must not crash the program.
    for (const stream of [channel, this.stdin, this.stdout, this.stderr]) stream.on('error', () => undefined);
    this.#awaitEnd();
  }

  get exit(): Promise<Exit> {
    return this.#exit.promise;
  }

  /** Resolves when both outputs have reached the command. */
  async begun(): Promise<void> {
    const reached = Promise.all([this.stdout.begun, this.stderr.begun]);
    const [pid, samePid] = await Promise.race([reached, this.exit.then(() => reached)]);
    if (pid !== null && samePid !== null) {
      this.#pid = pid;
      return;
    }
    this.stdout.resume();
    this.stderr.resume();
    const { code, signal } = await this.exit;
    const how = `ended (${code === null ? `signal ${signal}` : `exit code ${code}`}) before the command began`;
    const { place } = this.#connection;
    throw (
      refusedProblem({ code, stderr: this.stderr.noise }, place.host) ??
      shellUnusable(how, `${this.stdout.noise} ${this.stderr.noise}`, place)
    );
  }

  kill(signal: SignalName): void {
    if (this.#over) return;
    this.#send(signal);
    if (signal === 'KILL') afterGrace(this, this.#clock, () => this.abandon());
  }

  /** Closes the channel, whatever the other side still has to say. */
  abandon(): void {
    if (this.#over) return;
    this.#send('KILL');
    this.#finish(() => this.#exit.resolve({ code: null, signal: 'KILL' }));
  }

  /**
   * By a command of its own: OpenSSH obeys a signal request only where it has dropped privileges, never for root, and older and
   * other servers not at all. Where no command can be started, the request is what there is.
   */
  #send(signal: SignalName): void {
    const ask = (): void => sendSignal(this.#channel, signal);
    // 0 and 1 would mean everybody; the number comes from the other side.
    if (this.#pid === null || !Number.isSafeInteger(this.#pid) || this.#pid < 2) ask();
    else this.#connection.exec(signalCommand(this.#pid, signal), closeWhenDone).catch(ask);
  }

  /** The channel's `exit` and the end of both outputs: `close` may never come where something else holds the channel open. */
  #awaitEnd(): void {
    const { lost } = this.#connection;
    const onLost = (): void => this.#break(lost.reason instanceof Error ? lost.reason : undefined);
    if (lost.aborted) onLost();
    lost.addEventListener('abort', onLost, { once: true });
    const status = new Deferred<Exit | null>();
    this.#channel.once('exit', (code: number | null, signal?: string) => status.resolve(toExit(code, signal)));
    this.#channel.once('close', () => status.resolve(null));
    const ended = [this.stdout, this.stderr].map((output) => new Promise((resolve) => output.once('close', resolve)));
    void Promise.all([status.promise, ...ended]).then(([exit]) => {
      if (exit) this.#finish(() => this.#exit.resolve(exit));
      else this.#break(undefined);
    });
    const forget = (): void => lost.removeEventListener('abort', onLost);
    this.exit.then(forget, forget);
  }

  #break(reason: Error | undefined): void {
    const error = reason ?? lineBroke('a command ended without an exit status', this.#connection.place);
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
    if (!this.#connection.lost.aborted) this.#channel.close();
  }
}

function closeWhenDone(channel: ClientChannel): void {
  channel.on('error', () => undefined);
  channel.resume().end();
  channel.stderr.resume();
}

/** A Writable of its own: ssh2's channel never calls back when it closes with a write waiting for the other side's window. */
function inputOf(channel: ClientChannel): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void channel.write(chunk, done),
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      channel.end();
      done(error);
    },
  });
}

/** The parts of ssh2's channel that its own `signal()` uses. */
interface ChannelInside {
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _client: { readonly _protocol: { signal(channel: number, name: string): void } };
}

/** ssh2's `signal()` does nothing once stdin has ended, which is when most commands are stopped; the protocol allows it. */
function sendSignal(channel: ClientChannel, name: SignalName): void {
  const { outgoing, _client } = channel as unknown as ChannelInside;
  if (outgoing.state === 'open' || outgoing.state === 'eof') _client._protocol.signal(outgoing.id, name);
}

function toExit(code: number | null, signal: string | undefined): Exit {
  if (code !== null) return { code, signal: null };
  const name = (signal ?? '').replace(/^SIG/, '');
  return { code: null, signal: /^[A-Z0-9]{1,12}$/.test(name) ? name : 'UNKNOWN' };
}
