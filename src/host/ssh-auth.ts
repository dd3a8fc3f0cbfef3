import type {
  AnyAuthMethod,
  AuthenticationType,
  AuthHandlerMiddleware,
  KeyboardInteractiveAuthMethod,
  Prompt,
} from 'ssh2';
import type { Ask } from '../core/ask.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { pasteable } from './pasteable.ts';
import { printable } from './printable.ts';
import { Keyring, KeyOnOffer } from './ssh-keyring.ts';
import type { SshOptions } from './ssh-options.ts';
import { asksForPassword, questionOf } from './ssh-prompts.ts';

/** How often a person is asked for one thing. */
const TRIES = 3;
/** Credentials that a server may want one after the other. */
const FACTORS = 4;
/** Rounds of one keyboard-interactive conversation: a password, a code, and a new password with its old one and twice. */
const ROUNDS = 6;
/** Prompts that a server may put in one login. */
const PROMPTS = 20;

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
  /** Did the server take the last credential, and want another? */
  #partial = false;
  #tried: string[] = [];
  #taken: string[] = [];
  /** Those not offered yet in this login; null until the server wants keys. */
  #keys: KeyOnOffer[] | null = null;
  #rounds = 0;
  #prompts = 0;

  constructor(
    options: Pick<
      SshOptions,
      'user' | 'host' | 'port' | 'identities' | 'identitiesOnly' | 'agent' | 'password' | 'passphrase' | 'algorithms'
    >,
  ) {
    this.#user = options.user;
    this.#host = options.host;
    this.#port = options.port;
    this.#password = options.password;
    this.#keyring = new Keyring(options);
  }

  /**
   * The order of one login: nothing; then a password that was given, the keys, what a person answers, of these what the server takes;
   * once more for every further factor that it wants. For ssh2's `authHandler`.
   */
  handler(scene: LoginScene): AuthHandlerMiddleware {
    this.#tried = [];
    this.#taken = [];
    this.#keys = null;
    this.#prompts = 0;
    const attempts = this.#attempts(scene);
    return (accepted: AuthenticationType[] | null, partial, next) => {
      this.#accepted = accepted ?? this.#accepted;
      this.#partial = partial;
      scene.onProgress();
      attempts.next().then(({ value, done }) => {
        // ssh2 takes `false` for "no more"; its types do not say so.
        next(done === true ? (false as unknown as AuthenticationType) : value);
      }, scene.giveUp);
    };
  }

  /** Why they did not do: `identity-unusable` where a key file is at fault, else `auth-failed`. `said` is the banner. */
  problem(said: string): ProblemError {
    const faults = [...this.#keyring.faults].map(([path, reason]) => `${printable(path, 200)} ${reason}`);
    if (faults.length > 0 && this.#taken.length === 0) {
      return fail('identity-unusable', {
        message: `${faults.join('; ')}. Nothing else let ${this.#who} in.${this.#story(said)}`,
        hint: 'Give the passphrase (--passphrase-file), load the key into an ssh-agent (ssh-add), or name another key with --identity.',
        detail: this.#detail(),
      });
    }
    return this.#refused(
      this.#tried.some((one) => one.startsWith('password'))
        ? `Check the user name and the password; see what it takes: ssh -v -p ${this.#port} ${pasteable(this.#who)}`
        : `Check the user name; name a key with --identity; or have your key added there: ssh-copy-id -p ${this.#port} ${this.#who}`,
      said,
    );
  }

  /** `auth-failed`: the server wants a new password before anything else. */
  expired(): ProblemError {
    return this.#refused(
      `Set a new one, then come back: ssh -t -p ${this.#port} ${this.#who}`,
      'the password has expired',
    );
  }

  get #who(): string {
    return `${this.#user}@${this.#host}`;
  }

  #refused(hint: string, said = '', more = ''): ProblemError {
    const message = `The old machine did not let ${this.#who} in.${this.#story(said)}${more}`;
    return fail('auth-failed', { message, hint, detail: this.#detail() });
  }

  #unanswered(question: string): ProblemError {
    // A key that could have been used comes first: with it, nothing might have been asked.
    if (this.#keyring.faults.size > 0 && this.#taken.length === 0) return this.problem('');
    return this.#refused(
      'Run it at a terminal, without --no-input and --json; a password alone can be given with --password-file.',
      '',
      ` ${question} (there is nobody to answer).`,
    );
  }

  #endless(): ProblemError {
    return this.#refused(
      `See what its login wants: ssh -v -p ${this.#port} ${pasteable(this.#who)}`,
      '',
      ' It asks on and on.',
    );
  }

  #detail(): { tried: string[]; taken: string[]; accepts: string[]; foreign?: boolean } {
    const accepts = (this.#accepted ?? []).slice(0, 8).map((method) => printable(method, 40));
    const foreign = this.#keyring.holdsForeign && { foreign: true };
    return { tried: this.#tried, taken: this.#taken, accepts, ...foreign };
  }

  #story(said: string): string {
    const { tried, taken, accepts } = this.#detail();
    return [
      ` Tried: ${tried.length === 0 ? 'nothing, for there was nothing to try' : tried.join(', ')}.`,
      taken.length === 0 ? '' : ` It took ${taken.join(', ')} and wants more.`,
      accepts.length === 0 ? '' : ` It accepts: ${accepts.join(', ')}.`,
      this.#keyring.agentFault === null ? '' : ` The ssh-agent ${this.#keyring.agentFault}.`,
      said === '' ? '' : ` It says: ${said}`,
    ].join('');
  }

  async *#attempts(scene: LoginScene): AsyncGenerator<AnyAuthMethod, void> {
    yield { type: 'none', username: this.#user };
    for (let factor = 0; factor < FACTORS; factor += 1) if (!(yield* this.#factor(scene))) return;
  }

  /** As the methods below: true as soon as the server has taken one and wants another, false when there is nothing left to try. */
  async *#factor(scene: LoginScene): AsyncGenerator<AnyAuthMethod, boolean> {
    return (yield* this.#byPassword(scene)) || (yield* this.#byKeys(scene)) || (yield* this.#byPerson(scene));
  }

  *#byPassword(scene: LoginScene): Generator<AnyAuthMethod, boolean> {
    const password = this.#password;
    if (password === null) return false;
    if (this.#accepts('password') && !this.#tried.includes('password')) return yield* this.#sendPassword(password);
    for (let tries = 0; tries < TRIES && this.#accepts('keyboard-interactive'); tries += 1) {
      if (yield* this.#send('password (keyboard-interactive)', this.#conversation(scene, password))) return true;
      // Where the server has asked on after the password, it is the code that may have been mistyped.
      if (this.#rounds < 2) return false;
    }
    return false;
  }

  async *#byKeys(scene: LoginScene): AsyncGenerator<AnyAuthMethod, boolean> {
    if (!this.#accepts('publickey')) return false;
    this.#keys ??= (await this.#keyring.offers(scene.ask)).map((offer) => new KeyOnOffer(offer));
    for (let offer = this.#keys.shift(); offer; offer = this.#keys.shift()) {
      const method: AnyAuthMethod = { type: 'publickey', username: this.#user, key: offer.key };
      this.#tried.push(offer.label);
      yield method;
      if (!(await offer.sign())) continue;
      yield method;
      if (!this.#partial) continue;
      this.#taken.push(offer.label);
      return true;
    }
    return false;
  }

  async *#byPerson(scene: LoginScene): AsyncGenerator<AnyAuthMethod, boolean> {
    const { ask } = scene;
    // With nobody to ask, a conversation is begun all the same: only so can the Problem name what was asked.
    if (!ask && (this.#accepts('password') || this.#password !== null)) return false;
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (ask && this.#accepts('password')) {
        this.#password = await ask.secret(`Password for ${this.#who}`);
        if (yield* this.#sendPassword(this.#password)) return true;
      } else if (this.#accepts('keyboard-interactive')) {
        if (yield* this.#send('keyboard-interactive', this.#conversation(scene, null))) return true;
        if (this.#rounds === 0) return false;
      } else return false;
      this.#password = null;
    }
    return false;
  }

  #sendPassword(password: string): Generator<AnyAuthMethod, boolean> {
    return this.#send('password', { type: 'password', username: this.#user, password });
  }

  *#send(label: string, method: AnyAuthMethod): Generator<AnyAuthMethod, boolean> {
    this.#tried.push(label);
    yield method;
    if (this.#partial) this.#taken.push(label);
    return this.#partial;
  }

  #conversation(scene: LoginScene, password: string | null): KeyboardInteractiveAuthMethod {
    this.#rounds = 0;
    const answer = async (said: readonly string[], prompts: readonly Prompt[]): Promise<string[]> => {
      this.#rounds += 1;
      this.#prompts += prompts.length;
      scene.onProgress();
      if (this.#rounds > ROUNDS || this.#prompts > PROMPTS) throw this.#endless();
      const isPassword = this.#rounds === 1 && asksForPassword(prompts);
      if (isPassword && password !== null) return [password];
      const answers: string[] = [];
      for (const [index, prompt] of prompts.entries()) {
        const question = questionOf(prompt, index === 0 ? said : []);
        if (!scene.ask) throw this.#unanswered(question);
        answers.push(await (prompt.echo === true ? scene.ask.text(question) : scene.ask.secret(question)));
      }
      if (isPassword) this.#password = answers[0] ?? null;
      return answers;
    };
    return {
      type: 'keyboard-interactive',
      username: this.#user,
      prompt: (name, instructions, _language, prompts, finish) => {
        answer([name, instructions], prompts).then(finish, scene.giveUp);
      },
    };
  }

  #accepts(method: string): boolean {
    return this.#accepted?.includes(method) ?? true;
  }
}
