/** The longest status, and the newline behind it. */
const LONGEST_TAIL = 4;

/**
 * Finds the one line `nonce=status` by which a command started with `reports` (see `loginCommand`) tells how it ended, and takes it
 * out of what passes. It may lie anywhere: what the command left in the background goes on talking behind it.
 */
export class Trailer {
  readonly #mark: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #status: number | null = null;

  constructor(nonce: string) {
    this.#mark = Buffer.from(`${nonce}=`);
  }

  /** The shell's `$?`; null as long as it was not told. */
  get status(): number | null {
    return this.#status;
  }

  /** What of this and of what was held back is no trailer; only what may be the beginning of one is held back. */
  strip(chunk: Buffer): Buffer {
    if (this.#status !== null) return chunk;
    const seen = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    const at = seen.indexOf(this.#mark);
    const tail = at + this.#mark.length;
    const end = at < 0 ? -1 : seen.indexOf('\n', tail);
    if (at >= 0 && end < 0 && seen.length - tail < LONGEST_TAIL) return this.#hold(seen, at);
    const status = at < 0 || end < 0 ? '' : seen.toString('latin1', tail, end);
    if (!/^\d{1,3}$/.test(status)) return this.#hold(seen, seen.length - this.#begunAtEnd(seen));
    this.#status = Number(status);
    return Buffer.concat([seen.subarray(0, at), seen.subarray(end + 1)]);
  }

  /** What is still held back when no more will come. */
  rest(): Buffer {
    return this.#held;
  }

  #hold(seen: Buffer, from: number): Buffer {
    this.#held = seen.subarray(from);
    return seen.subarray(0, from);
  }

  /** How many bytes at the end may be the beginning of the mark. */
  #begunAtEnd(seen: Buffer): number {
    for (let length = Math.min(this.#mark.length - 1, seen.length); length > 0; length -= 1) {
      if (seen.subarray(seen.length - length).equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }
}
