const NEWLINE = 0x0a;

/** Cuts bytes that come in pieces into lines, and holds no more than one line of at most `maxBytes`. */
export class ByteLines {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isTooLong = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Did a line come that is longer than allowed? Then nothing more is taken. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** The lines that are whole with this piece, without their newlines. */
  push(piece: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    while (!this.#isTooLong) {
      const end = piece.indexOf(NEWLINE, start);
      const part = piece.subarray(start, end === -1 ? piece.length : end);
      if (!this.#hold(part) || end === -1) break;
      lines.push(Buffer.concat(this.#held));
      this.#letGo();
      start = end + 1;
    }
    return lines;
  }

  #hold(part: Buffer): boolean {
    this.#heldBytes += part.length;
    this.#isTooLong = this.#heldBytes > this.#maxBytes;
    if (this.#isTooLong) this.#letGo();
    else if (part.length > 0) this.#held.push(part);
    return !this.#isTooLong;
  }

  #letGo(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}
