/** Shorter ones occur by chance in any text. */
const SHORTEST = 4;
const HIDDEN = '[hidden]';

/** The secrets of this process (passwords, passphrases), so that none of them is written anywhere. */
export class Secrets {
  readonly #values = new Set<string>();

  /** Remembers one; gives it back, for use in passing. */
  keep(value: string): string {
    if (value.length >= SHORTEST) {
      this.#values.add(value);
      this.#values.add(JSON.stringify(value).slice(1, -1));
    }
    return value;
  }

  /** The text with every known secret in it hidden. */
  hide(text: string): string {
    let hidden = text;
    for (const value of this.#values) hidden = hidden.replaceAll(value, HIDDEN);
    return hidden;
  }
}
