import type { Ask } from '../core/ask.ts';

/** A way of asking for something that both transports ask for, each in its words; what it is about comes first. */
const SUBJECTS: readonly (readonly [kind: string, words: RegExp])[] = [
  ['passphrase', /^Passphrase for (.+)$/],
  ['passphrase', /^ssh asks: Enter passphrase for key '(.+)':$/],
  ['password', /^Password for (.+)$/],
  ['password', /^ssh asks: (.+)'s password:$/],
  ['key', /(SHA256:[A-Za-z0-9+/]{43})/],
];

/** Asks a person, and remembers for as long as it lives what was answered, so that another transport need not ask once more. */
export class RecallingAsk implements Ask {
  readonly #ask: Ask;
  readonly #secrets = new Map<string, string>();
  readonly #accepted = new Set<string>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async secret(question: string): Promise<string> {
    const said = await this.#ask.secret(question);
    const subject = subjectOf(question);
    if (subject !== null) this.#secrets.set(subject, said);
    return said;
  }

  text(question: string): Promise<string> {
    return this.#ask.text(question);
  }

  async confirm(question: string): Promise<boolean> {
    const yes = await this.#ask.confirm(question);
    const subject = subjectOf(question);
    if (yes && subject !== null) this.#accepted.add(subject);
    return yes;
  }

  /**
   * Who is asked from now on: a key that was accepted stays accepted; a secret is given once more, then the person is asked for it.
   * A password that the machine has not taken is not sent again.
   */
  again({ passwordWasTaken }: { readonly passwordWasTaken: boolean }): Ask {
    const secrets = new Map([...this.#secrets].filter(([name]) => passwordWasTaken || !name.startsWith('password ')));
    return {
      secret: (question) => {
        const subject = subjectOf(question) ?? '';
        const known = secrets.get(subject);
        secrets.delete(subject);
        return known === undefined ? this.#ask.secret(question) : Promise.resolve(known);
      },
      text: (question) => this.#ask.text(question),
      confirm: (question) =>
        this.#accepted.has(subjectOf(question) ?? '') ? Promise.resolve(true) : this.#ask.confirm(question),
    };
  }
}

function subjectOf(question: string): string | null {
  for (const [kind, words] of SUBJECTS) {
    const [, about] = words.exec(question) ?? [];
    if (about !== undefined) return `${kind} ${kind === 'password' ? about.toLowerCase() : about}`;
  }
  return null;
}
