import { finished, type Duplex } from 'node:stream';
import ssh2, { type Client } from 'ssh2';
import type { Ask } from '../core/ask.ts';
import { Deferred } from './deferred.ts';
import type { HostKeyPolicy, TrustedHostKey } from './host-key.ts';
import { printable } from './printable.ts';
import { algorithms } from './ssh-algorithms.ts';
import type { Credentials } from './ssh-auth.ts';
import { Connection } from './ssh-connection.ts';
import { NotSigned } from './ssh-keyring.ts';
import type { SshOptions } from './ssh-options.ts';
import { connectProblem, type Stage, tooSlow } from './ssh-problem.ts';

export const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_MS = 15_000;
const KEPT_BANNER = 300;

/** What a Connection is opened with. There is no way to leave out the policy on host keys. */
export interface ConnectParts {
  readonly options: SshOptions;
  readonly policy: HostKeyPolicy;
  readonly credentials: Credentials;
  /** Who may be asked now; null when nobody, whatever the options say. */
  readonly ask: Ask | null;
  /** To the server; a socket that is still connecting will do. */
  readonly stream: Duplex;
}

/**
 * Opens one authenticated Connection: no forwarding, no pty, no environment. Rejects with `host-not-found`, `host-unreachable`,
 * `handshake-failed`, what the policy throws, `auth-failed`, `identity-unusable`, or what a question was refused with.
 */
export function openConnection(parts: ConnectParts): Promise<Connection> {
  return new Attempt(parts).opened;
}

class Attempt {
  readonly #parts: ConnectParts;
  readonly #client: Client = new ssh2.Client();
  readonly #stream: Duplex;
  readonly #opened = new Deferred<Connection>();
  readonly #over = new AbortController();
  #stage: Stage = 'reach';
  #trusted: TrustedHostKey | null = null;
  #connection: Connection | null = null;
  #banner = '';
  #progress = 0;
  #asking = 0;

  constructor(parts: ConnectParts) {
    this.#parts = parts;
    const { signal } = parts.options;
    this.#stream = parts.stream;
    signal?.addEventListener('abort', () => this.#fail(signal.reason), { signal: this.#over.signal });
    this.#listen();
    this.#connect();
    if (signal?.aborted) this.#fail(signal.reason);
    void this.#watchStages();
  }

  get opened(): Promise<Connection> {
    return this.#opened.promise;
  }

  #listen(): void {
    const { credentials } = this.#parts;
    this.#client
      .on('connect', () => this.#enter('handshake'))
      .on('handshake', () => this.#enter('authenticate'))
      .on('banner', (text) => (this.#banner ||= printable(text.slice(0, KEPT_BANNER), KEPT_BANNER)))
      .on('change password', () => this.#fail(credentials.expired()))
      .on('ready', () => this.#succeed())
      .on('close', () => this.#broken(new Error('closed by the other side')))
      .on('error', (error: Error & { level?: string; code?: string | number }) => {
        if (!(error instanceof NotSigned)) this.#broken(error);
      });
    finished(this.#stream, () => this.#over.abort());
  }

  #connect(): void {
    const { options, policy, credentials } = this.#parts;
    const ask = this.#timelessAsk();
    this.#client.connect({
      sock: this.#stream,
      username: options.user,
      algorithms: algorithms(policy.knownTypes, options.algorithms),
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => this.#judge(key, ask, verify),
      authHandler: credentials.handler({
        ask,
        onProgress: () => (this.#progress += 1),
        giveUp: (reason) => this.#fail(reason),
      }),
      // Both are watched here: people take their time over a question, and a slow line is not a dead one.
      readyTimeout: 0,
      keepaliveInterval: options.keepaliveMs ?? KEEPALIVE_MS,
      keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    });
  }

  /** Also asked at every key exchange later on, where only the key already trusted will do. */
  #judge(key: Buffer, ask: Ask | null, verify: (valid: boolean) => void): void {
    if (this.#trusted) {
      verify(this.#trusted.key.equals(key));
      return;
    }
    this.#parts.policy.judge(Buffer.from(key), ask).then(
      (trusted) => {
        this.#trusted = trusted;
        verify(true);
      },
      (reason: unknown) => {
        this.#fail(reason);
        verify(false);
      },
    );
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    this.#progress += 1;
  }

  #succeed(): void {
    if (!this.#trusted) {
      this.#fail(new Error('a connection without a decision on its host key'));
      return;
    }
    const { keepaliveMs = KEEPALIVE_MS, keepaliveCount = 3, clock, host, port } = this.#parts.options;
    const place = { host, port };
    const parts = { client: this.#client, stream: this.#stream, hostKey: this.#trusted, place };
    this.#connection = new Connection(parts, { keepaliveMs, keepaliveCount, clock });
    this.#over.abort();
    this.#opened.resolve(this.#connection);
  }

  #broken(error: Error & { level?: string; code?: string | number }): void {
    if (this.#connection) this.#connection.broken(error);
    else if (this.#stage === 'authenticate' && isRefusal(error))
      this.#fail(this.#parts.credentials.problem(this.#banner));
    else this.#fail(connectProblem(error, this.#stage, this.#parts.options));
  }

  #fail(reason: unknown): void {
    this.#opened.reject(reason);
    this.#over.abort();
    this.#stream.destroy();
  }

  /** Every stage has its time; a person's answer does not count. */
  async #watchStages(): Promise<void> {
    const { clock, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#parts.options;
    try {
      for (;;) {
        const seen = this.#progress;
        await clock.sleep(connectTimeoutMs, this.#over.signal);
        if (seen === this.#progress && this.#asking === 0) break;
      }
      this.#fail(tooSlow(this.#stage, connectTimeoutMs, this.#parts.options));
    } catch {
      // The attempt is over.
    }
  }

  #timelessAsk(): Ask | null {
    const { ask } = this.#parts;
    if (!ask) return null;
    const timeless = async <T>(question: () => Promise<T>): Promise<T> => {
      this.#asking += 1;
      try {
        return await question();
      } catch (refused) {
        this.#fail(refused);
        throw refused;
      } finally {
        this.#asking -= 1;
        this.#progress += 1;
      }
    };
    return {
      secret: (question) => timeless(() => ask.secret(question)),
      text: (question) => timeless(() => ask.text(question)),
      confirm: (question) => timeless(() => ask.confirm(question)),
    };
  }
}

/** No more credentials to offer, or the server's own word (a number of RFC 4253) that it has had enough of them. */
function isRefusal({ level, code }: { level?: string; code?: string | number }): boolean {
  return level === 'client-authentication' || typeof code === 'number';
}
