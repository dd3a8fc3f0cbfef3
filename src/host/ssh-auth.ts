import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware, KeyboardInteractiveAuthMethod } from 'ssh2';
import type { Ask } from '../core/ask.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from './printable.ts';
import { Keyring, OfferedKeys } from './ssh-keyring.ts';
import type { SshOptions } from './ssh-options.ts';

/** How often a person is asked for one thing, and how often a server may ask back. */
const TRIES = 3;

/** What one attempt at logging in may use. */
export interface LoginScene {
  readonly ask: Ask | null;
  /** Told whenever the server has answered and the next credential goes out. */
  readonly onProgress: () => void;
  /** Ends the attempt. */
  readonly giveUp: (reason: unknown) => void;
}

/** The credentials of one Host. What a person typed and the server took is kept in memory for the next Connection, nowhere else. */
export class Credentials {
  readonly #user: string;
  readonly #host: string;
  readonly #port: number;
  readonly #keyring: Keyring;
  #password: string | null;
  #accepted: readonly string[] | null = null;
  #tried: string[] = [];

  constructor(
    options: Pick<SshOptions, 'user' | 'host' | 'port' | 'identities' | 'agent' | 'password' | 'passphrase'>,
  ) {
    this.#user = options.user;
    this.#host = options.host;
    this.#port = options.port;
    this.#password = options.password;
    this.#keyring = new Keyring(options);
  }

  /** The order of one login: nothing, a password that was given, the keys, then what a person answers. For ssh2's `authHandler`. */
  handler(scene: LoginScene): AuthHandlerMiddleware {
    this.#tried = [];
    const attempts = this.#attempts(scene);
    return (accepted: AuthenticationType[] | null, _partial, next) => {
      this.#accepted = accepted ?? this.#accepted;
      scene.onProgress();
      attempts.next().then(({ value, done }) => {
        // ssh2 takes `false` for "no more"; its types do not say so.
        next(done === true ? (false as unknown as AuthenticationType) : value);
      }, scene.giveUp);
    };
  }

  /** Why none of them was taken: `identity-unusable` where a key file is at fault, else `auth-failed`. `said` is the banner. */
  problem(said: string): ProblemError {
    const who = `${this.#user}@${this.#host}`;
    const tried = this.#tried.length === 0 ? 'nothing, for there was nothing to try' : this.#tried.join(', ');
    const accepts = (this.#accepted ?? []).slice(0, 8).map((method) => printable(method, 40));
    const rest = [
      ` Tried: ${tried}.`,
      accepts.length === 0 ? '' : ` It accepts: ${accepts.join(', ')}.`,
      this.#keyring.agentFault === null ? '' : ` The ssh-agent ${this.#keyring.agentFault}.`,
      said === '' ? '' : ` It says: ${said}`,
    ].join('');
    const detail = { tried: this.#tried, accepts };
    const faults = [...this.#keyring.faults].map(([path, reason]) => `${printable(path, 200)} ${reason}`);
    if (faults.length > 0) {
      return fail('identity-unusable', {
        message: `${faults.join('; ')}. Nothing else let ${who} in.${rest}`,
        hint: 'Give the passphrase (--passphrase-file), load the key into an ssh-agent (ssh-add), or name another key with --identity.',
        detail,
      });
    }
    return fail('auth-failed', {
      message: `The old machine did not let ${who} in.${rest}`,
      hint: this.#tried.some((one) => one.startsWith('password'))
        ? `Check the user name and the password; see what it takes: ssh -v -p ${this.#port} ${who}`
        : `Check the user name; name a key with --identity; or have your key added there: ssh-copy-id -p ${this.#port} ${who}`,
      detail,
    });
  }

  async *#attempts(scene: LoginScene): AsyncGenerator<AnyAuthMethod, void> {
    const username = this.#user;
    yield { type: 'none', username };
    if (this.#password !== null) yield* this.#byPassword(this.#password, scene);
    let factorTaken = false;
    if (this.#accepts('publickey')) {
      const offers = await this.#keyring.offers(scene.ask);
      const agent = new OfferedKeys(offers);
      this.#tried.push(...offers.map(({ label }) => label));
      if (offers.length > 0) yield { type: 'agent', username, agent };
      // ssh2 keeps to itself what the server says after a key: it may have taken it and want a second factor.
      factorTaken = agent.signed.length > 0;
    }
    if (scene.ask) yield* this.#byPerson(scene, scene.ask, factorTaken);
  }

  *#byPassword(password: string, scene: LoginScene): Generator<AnyAuthMethod, void> {
    const username = this.#user;
    if (this.#accepts('password')) {
      this.#tried.push('password');
      yield { type: 'password', username, password };
    } else if (this.#accepts('keyboard-interactive')) {
      this.#tried.push('password (keyboard-interactive)');
      yield this.#conversation(scene, password);
    }
  }

  async *#byPerson(scene: LoginScene, ask: Ask, anyMethod: boolean): AsyncGenerator<AnyAuthMethod, void> {
    const username = this.#user;
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (anyMethod || this.#accepts('password')) {
        const password = await ask.secret(`Password for ${username}@${this.#host}`);
        this.#tried.push('password');
        this.#password = password;
        yield { type: 'password', username, password };
        this.#password = null;
      } else if (this.#accepts('keyboard-interactive')) {
        this.#tried.push('keyboard-interactive');
        yield this.#conversation(scene, null);
        this.#password = null;
      } else return;
    }
  }

  #conversation(scene: LoginScene, password: string | null): KeyboardInteractiveAuthMethod {
    let rounds = 0;
    const answer = async (prompts: readonly { prompt: string; echo?: boolean }[]): Promise<string[]> => {
      rounds += 1;
      scene.onProgress();
      if (rounds > TRIES || prompts.length > TRIES) throw this.problem('');
      if (password !== null && rounds === 1 && prompts.length === 1) return [password];
      const answers: string[] = [];
      for (const { prompt } of prompts) answers.push(await this.#askFor(prompt, scene.ask));
      if (prompts.length === 1 && rounds === 1) this.#password = answers[0] ?? null;
      return answers;
    };
    return {
      type: 'keyboard-interactive',
      username: this.#user,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        answer(prompts).then(finish, scene.giveUp);
      },
    };
  }

  async #askFor(prompt: string, ask: Ask | null): Promise<string> {
    if (!ask) throw this.problem('');
    return ask.secret(`The old machine asks: ${printable(prompt.trim(), 200)}`);
  }

  #accepts(method: string): boolean {
    return this.#accepted?.includes(method) ?? true;
  }
}
