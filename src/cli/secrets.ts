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

  /** A copy of plain data with every known secret in its texts hidden. */
  hideIn<T>(value: T): T {
    if (typeof value === 'string') return this.hide(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((one: unknown) => this.hideIn(one)) as T;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.hideIn(one as unknown)])) as T;
  }
}
