import type { Duplex } from 'node:stream';
import type { Ask } from '../core/ask.ts';
import type { Host } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { firstPolicy, samePolicy, type TrustedHostKey } from './host-key.ts';
import { startProxy } from './proxy.ts';
import { rememberHostKey } from './remember-host-key.ts';
import { Credentials } from './ssh-auth.ts';
import { CONNECT_TIMEOUT_MS, openConnection } from './ssh-connect.ts';
import type { Connection } from './ssh-connection.ts';
import type { SshOptions } from './ssh-options.ts';
import { tcpTo } from './tcp.ts';

/** What lies between this machine and an SSH server; directly by TCP where there is nothing. */
export type Through =
  /** Another SSH server, which forwards (ProxyJump). */
  | { readonly kind: 'jump'; readonly options: SshOptions }
  /** A command here whose input and output are the line (ProxyCommand). */
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly here: Host };

/** Who may be asked during one opening, and what ends it. */
interface Opening {
  readonly ask: Ask | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * The way to one SSH server, hops included. Opened again it insists on the keys of the first time, at every hop, and uses the
 * credentials that were taken then.
 */
export class Line {
  readonly #options: SshOptions;
  readonly #credentials: Credentials;
  readonly #via: Line | null;
  #trusted: TrustedHostKey | null = null;

  constructor(options: SshOptions) {
    this.#options = options;
    this.#credentials = new Credentials(options);
    this.#via = options.through?.kind === 'jump' ? new Line(options.through.options) : null;
  }

  /**
   * Opens a Connection. A key that a person accepted is added to the first known_hosts file. Rejects as `openConnection` and
   * `HostKeyPolicy.judge` do; a Problem of a hop names the hop. Nothing but the handshake was sent to a machine whose key was refused.
   */
  async open(opening: Opening): Promise<Connection> {
    const options = { ...this.#options, ...(opening.signal && { signal: opening.signal }) };
    const policy = this.#trusted ? samePolicy(this.#trusted, options) : await firstPolicy(options);
    const stream = await this.#stream(opening);
    const connection = await openConnection({
      options,
      policy,
      credentials: this.#credentials,
      ask: opening.ask,
      stream,
    });
    await this.#remember(connection.hostKey);
    return connection;
  }

  async #stream(opening: Opening): Promise<Duplex> {
    const { host, port, family = null, through, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    if (through?.kind === 'command') return startProxy(through.here, through.argv, opening.signal);
    if (this.#via) return this.#via.#forward(opening, { host, port });
    return tcpTo({ host, port, family, connectTimeoutMs });
  }

  /** Opens this hop, and through it a stream to what lies behind; the hop ends with the stream. */
  async #forward(opening: Opening, to: { host: string; port: number }): Promise<Duplex> {
    try {
      const hop = await this.open(opening);
      const stream = await hop.forward(to).catch(async (error: unknown) => {
        await hop.end();
        throw error;
      });
      return stream.once('close', () => void hop.end());
    } catch (error) {
      throw atHop(error, this.#options);
    }
  }

  async #remember(key: TrustedHostKey): Promise<void> {
    this.#trusted ??= key;
    const [file] = this.#options.knownHosts;
    if (key.trustedBy !== 'person' || file === undefined) return;
    // The person said yes: a file that cannot be written means being asked again next time, no more.
    await rememberHostKey(file, this.#options, key).catch(() => undefined);
  }
}

function atHop(error: unknown, { host, port }: SshOptions): unknown {
  const hop = `On the way, at the jump host ${host}:${String(port)}: `;
  if (!(error instanceof ProblemError) || error.problem.message.startsWith('On the way, ')) return error;
  return new ProblemError({ ...error.problem, message: `${hop}${error.problem.message}` }, { cause: error });
}
