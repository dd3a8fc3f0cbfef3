import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Ask } from '../core/ask.ts';
import type { OpenSshFolder } from './openssh-folder.ts';
import type { OpenSshOptions } from './openssh-options.ts';
import type { Answer, Question } from './openssh-question.ts';
import { printable } from './printable.ts';
import { asksForPassword } from './ssh-prompts.ts';

/** In one login, however often ssh or the machine behind it asks. */
const MOST_QUESTIONS = 12;
const LONGEST_QUESTION = 64 * 1024;

type Given = Pick<OpenSshOptions, 'user' | 'place' | 'destination' | 'hostKeyName' | 'password' | 'passphrase'>;

/**
 * Answers what ssh asks by its askpass: with what was given, each once in a login, then with what a person says. That is remembered
 * for the logins that follow, when nobody is asked any more.
 */
export class Answers {
  readonly #given: Given;
  readonly #token: string;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #remembered = new Map<string, string>();
  #ask: Ask | null = null;
  #used = new Set<string>();
  #count = 0;
  #asking = 0;
  #failure: Error | null = null;
  #declined = false;

  constructor(folder: Pick<OpenSshFolder, 'askSocket' | 'token'>, given: Given) {
    this.#given = given;
    this.#token = folder.token;
    this.#path = folder.askSocket;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens in the folder (0600) until it is closed. */
  async listen(): Promise<void> {
    this.#server.listen(this.#path);
    await once(this.#server, 'listening');
    await chmod(this.#path, 0o600);
  }

  /** A new login begins: what is known may be used once more, and `ask` is who may be asked now. */
  begin(ask: Ask | null): void {
    this.#ask = ask;
    this.#used = new Set();
    this.#count = 0;
    this.#declined = false;
    this.#failure = null;
  }

  /** Is there anything that could be answered? */
  get any(): boolean {
    const { password, passphrase } = this.#given;
    return this.#ask !== null || password !== null || passphrase !== null || this.#remembered.size > 0;
  }

  /** Does a person think just now? */
  get asking(): boolean {
    return this.#asking > 0;
  }

  /** Did a person say no to a host key? */
  get declined(): boolean {
    return this.#declined;
  }

  /** What asking a person was rejected with, such as `interrupted`; null when it was not. */
  get failure(): Error | null {
    return this.#failure;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    let said = '';
    const hear = (text: string): void => {
      said += text;
      const isLong = said.length > LONGEST_QUESTION;
      if (!isLong && !said.includes('\n')) return;
      socket.off('data', hear);
      const question = isLong ? null : parse(said);
      if (question?.token !== this.#token) socket.destroy();
      else void this.#answer(question).then((answer) => answer && socket.end(JSON.stringify(answer)));
    };
    socket.setEncoding('utf8').on('data', hear);
  }

  /** Null for a notice: ssh ends the askpass itself when its time is over. */
  async #answer({ kind, prompt }: Question): Promise<Answer | null> {
    if (kind === 'none') return null;
    this.#count += 1;
    if (this.#count > MOST_QUESTIONS) return { answer: null };
    this.#asking += 1;
    try {
      if (kind === 'confirm' || isHostKeyQuestion(prompt)) return { answer: await this.#confirm(prompt) };
      return { answer: this.#known(prompt) ?? (await this.#secret(prompt)) };
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      return { answer: null };
    } finally {
      this.#asking -= 1;
    }
  }

  async #confirm(prompt: string): Promise<string | null> {
    if (!this.#ask) return null;
    const yes = await this.#ask.confirm(shown(prompt));
    if (isHostKeyQuestion(prompt)) this.#declined = !yes;
    return yes ? 'yes' : isHostKeyQuestion(prompt) ? 'no' : null;
  }

  async #secret(prompt: string): Promise<string | null> {
    if (!this.#ask) return null;
    const said = await this.#ask.secret(shown(prompt));
    if (asksForPassword([{ prompt, echo: false }])) this.#remembered.set(prompt, said);
    return said;
  }

  /** Asked a second time, it was not the right one. */
  #known(prompt: string): string | null {
    if (this.#used.has(prompt)) return null;
    this.#used.add(prompt);
    const remembered = this.#remembered.get(prompt);
    if (remembered !== undefined) return remembered;
    if (prompt.startsWith("Enter passphrase for key '")) return this.#given.passphrase;
    return this.#isOfOurs(prompt) ? this.#given.password : null;
  }

  /** A machine on the way there asks in the same words, and the password is not for it. */
  #isOfOurs(prompt: string): boolean {
    const { user, place, destination, hostKeyName } = this.#given;
    if (!asksForPassword([{ prompt, echo: false }])) return false;
    const asked = prompt.toLowerCase();
    const names = [place.host, destination.slice(destination.lastIndexOf('@') + 1), hostKeyName ?? place.host];
    return names.some((host) => {
      const byPassword = `${user.slice(0, 30)}@${host.slice(0, 128)}'s password: `.toLowerCase();
      return asked === byPassword || asked.startsWith(`(${user}@${host}) `.toLowerCase());
    });
  }
}

/** Null for what our askpass would not say. */
function parse(line: string): Question | null {
  try {
    return JSON.parse(line) as Question | null;
  } catch {
    return null;
  }
}

function isHostKeyQuestion(prompt: string): boolean {
  return /\(yes\/no(?:\/\[fingerprint\])?\)\? *$/.test(prompt) || prompt.startsWith("Please type 'yes'");
}

function shown(prompt: string): string {
  return `ssh asks: ${printable(prompt.trim(), 600)}`;
}
