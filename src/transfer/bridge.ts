import { chmod, rename } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Exit, Host, Process } from '../core/host.ts';
import { fail, ProblemError } from '../core/problem.ts';
import { refusedProblem } from '../host/account-read-only.ts';
import type { BridgeFolder } from './bridge-folder.ts';
import { ErrorLines } from './error-lines.ts';
import { takeHeader, type Farewell, type Header } from './header.ts';
import { remoteArgv } from './remote-argv.ts';

/** How the sending rsync on the old machine ended. */
export type RemoteEnd =
  | { readonly kind: 'not-started' }
  /** Something else than our rsync's request came over the socket. */
  | { readonly kind: 'refused'; readonly asked: readonly string[] }
  /** The Host said no or lost the line. */
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'exited'; readonly exit: Exit };

export interface Bridge {
  /** Bytes that went through so far, both directions. */
  bytes(): number;
  /** First lines of what the rsync on the old machine said on stderr, sanitised. */
  errors(): readonly string[];
  /** Ends the Process on the old machine if it still runs, stops listening, and says how it ended. Repeatable. */
  close(): Promise<RemoteEnd>;
}

export interface BridgeOptions {
  readonly old: Host;
  /** Directory on the old machine to start in: the source. */
  readonly cwd: string;
  /** rsync on the old machine, absolute. */
  readonly rsync: string;
  /** As `speaksPlainly` says of it. */
  readonly plain?: boolean;
  readonly folder: BridgeFolder;
  readonly clock: Clock;
}

/** Longest wait for a Process on the old machine that was told to end; a Host takes about 2 s. */
const END_MS = 15_000;

/**
 * Listens in the private folder (socket 0600) and carries exactly one session of the rsh program to a Process on the old Host:
 * stdin and stdout raw, with back-pressure and half-close in both directions. What does not know the token, comes second, or asks for
 * anything else than a sending rsync is closed without an answer.
 */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const session = new Session(options);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => void session.meet(socket));
  await listen(server, options.folder.socketPath);
  return {
    bytes: () => session.bytes(),
    errors: () => session.errorLines.lines,
    async close() {
      server.close();
      return session.close();
    },
  };
}

/** The name given out appears only when somebody listens and only the owner may connect. */
async function listen(server: Server, socketPath: string): Promise<void> {
  const early = `${socketPath}.new`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(early, resolve);
  });
  await chmod(early, 0o600);
  await rename(early, socketPath);
}

class Session {
  readonly errorLines = new ErrorLines();
  readonly #options: BridgeOptions;
  readonly #sockets = new Set<Socket>();
  readonly #abort = new AbortController();
  #data: Socket | null = null;
  #control: { socket: Socket; argv: readonly string[] } | null = null;
  #end: Promise<RemoteEnd> | null = null;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  bytes(): number {
    return this.#data ? this.#data.bytesRead + this.#data.bytesWritten : 0;
  }

  async meet(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const header = await takeHeader(socket);
    if (!header || header.token !== this.#options.folder.token || !this.#admit(header, socket)) {
      socket.destroy();
      return;
    }
    if (this.#data && this.#control) this.#end ??= this.#carry(this.#data, this.#control);
  }

  async close(): Promise<RemoteEnd> {
    this.#abort.abort();
    const end = await this.#settled();
    for (const socket of this.#sockets) socket.destroy();
    return end;
  }

  #admit(header: Header, socket: Socket): boolean {
    if (header.role === 'data') {
      if (this.#data) return false;
      this.#data = socket;
    } else {
      if (this.#control) return false;
      this.#control = { socket, argv: header.argv };
    }
    return true;
  }

  async #settled(): Promise<RemoteEnd> {
    if (!this.#end) return { kind: 'not-started' };
    const waited = new AbortController();
    const late = this.#options.clock.sleep(END_MS, waited.signal).then((): RemoteEnd => ({
      kind: 'failed',
      error: fail('transfer-failed', {
        message: `rsync on the old machine did not end within ${END_MS / 1000} s of being told to.`,
        hint: 'Look for it there (pgrep -a rsync) and end it, then run the same command again: what has arrived is kept.',
      }),
    }));
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#end, late]);
    } finally {
      waited.abort();
    }
  }

  async #carry(data: Socket, control: { socket: Socket; argv: readonly string[] }): Promise<RemoteEnd> {
    const { socket, argv } = control;
    const end = await this.#run(data, socket, argv);
    const code = end.kind === 'exited' && end.exit.code !== null ? end.exit.code : 255;
    const farewell: Farewell = { code };
    data.end();
    socket.end(`${JSON.stringify(farewell)}\n`);
    return end;
  }

  async #run(data: Socket, control: Socket, asked: readonly string[]): Promise<RemoteEnd> {
    const { rsync, plain = false } = this.#options;
    const argv = remoteArgv(asked, rsync, { plain });
    if (!argv) return { kind: 'refused', asked };
    const abort = () => this.#abort.abort();
    // control is never half-closed by a living rsh program: its end is the end of the local side
    control.once('end', abort).once('close', abort).resume();
    try {
      const process = await this.#options.old.spawn(argv, { cwd: this.#options.cwd, signal: this.#abort.signal });
      const heard = this.errorLines.read(process.stderr);
      join(data, process);
      const exit = await process.exit;
      await heard;
      const said = { code: exit.code, stderr: this.errorLines.lines.join('\n') };
      const refused = refusedProblem(said, this.#options.old.label);
      return refused ? { kind: 'failed', error: refused } : { kind: 'exited', exit };
    } catch (error) {
      // told to end before it began: the reason is on our side, and known there
      if (this.#abort.signal.aborted && !(error instanceof ProblemError)) return { kind: 'not-started' };
      return { kind: 'failed', error };
    }
  }
}

function join(data: Socket, process: Process): void {
  process.stdout.pipe(data);
  process.stdout.on('error', () => data.end());
  data.pipe(process.stdin);
  // a Process that has ended reads no more: what still comes for it is let go, and its exit says the rest
  process.stdin.on('error', () => data.resume());
}
