import { randomBytes } from 'node:crypto';

/** Recognisable secrets: none of them may ever be seen in what neo-pull prints or writes outside of the roots it moves. */
export class Canaries {
  readonly #made: string[] = [];

  /** A secret for one place, `CANARY-<place>-<random>`. */
  of(place: string): string {
    const canary = `CANARY-${place}-${randomBytes(6).toString('hex')}`;
    this.#made.push(canary);
    return canary;
  }

  list(): readonly string[] {
    return this.#made;
  }
}
