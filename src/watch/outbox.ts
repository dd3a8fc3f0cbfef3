import { encode, type GapWord, type Line } from './record.ts';

/** So long the first of what is told waits for others: what is rewritten all the time goes over the line some times a second. */
const GATHER_MS = 50;
/** Names of one directory that are told one by one; then it is told as a whole. */
const NAMES_TOLD = 2000;
/** Places that may be waiting in all. */
const PLACES_TOLD = 20_000;
/** While so much has not been taken by the line, everything waits here, where the same name twice is one. */
const UNSENT_BYTES = 1024 * 1024;

/** The way out: bytes, how many of them are not sent yet, and a timer. */
export interface Out {
  write(bytes: Buffer): void;
  unsentBytes(): number;
  later(waitMs: number, act: () => void): void;
}

/** What is to be told, each place once, in the order in which it first changed. Bounded, whatever happens. */
export class Outbox {
  readonly #out: Out;
  readonly #places = new Map<string, { root: string; path: string; subtree: boolean }>();
  readonly #namesIn = new Map<string, number>();
  readonly #gaps = new Set<GapWord>();
  #due = false;

  constructor(out: Out) {
    this.#out = out;
  }

  /** `path` is relative to the root, one character per byte. */
  tell(root: string, path: string, subtree: boolean): void {
    const key = `${root}\0${path}`;
    const known = this.#places.get(key);
    if (known !== undefined) known.subtree ||= subtree;
    else this.#add(key, { root, path, subtree });
    this.#schedule();
  }

  gap(word: GapWord): void {
    this.#gaps.add(word);
    this.#schedule();
  }

  /** Says something at once, after all that was told before. */
  say(line: Line): void {
    this.#flush();
    this.#out.write(encode(line));
  }

  #add(key: string, place: { root: string; path: string; subtree: boolean }): void {
    const above = place.path.slice(0, Math.max(0, place.path.lastIndexOf('/')));
    const keyAbove = `${place.root}\0${above}`;
    const names = (this.#namesIn.get(keyAbove) ?? 0) + 1;
    this.#namesIn.set(keyAbove, names);
    if (names <= NAMES_TOLD) this.#places.set(key, place);
    else this.#places.set(keyAbove, { ...place, path: above, subtree: true });
    if (this.#places.size <= PLACES_TOLD) return;
    this.#forget();
    this.#gaps.add('too-much');
  }

  #forget(): void {
    this.#places.clear();
    this.#namesIn.clear();
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    this.#out.later(GATHER_MS, () => {
      this.#due = false;
      if (this.#out.unsentBytes() < UNSENT_BYTES) this.#flush();
      else this.#schedule();
    });
  }

  #flush(): void {
    const gaps = [...this.#gaps].map((word) => encode({ type: 'gap', word }));
    const told = [...this.#places.values()].map(({ root, path, subtree }) =>
      encode({ type: 'told', root, path: Buffer.from(path, 'latin1'), subtree }),
    );
    this.#gaps.clear();
    this.#forget();
    if (gaps.length + told.length > 0) this.#out.write(Buffer.concat([...gaps, ...told]));
  }
}
