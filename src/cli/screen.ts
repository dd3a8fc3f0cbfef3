import type { Screenlike } from './surroundings.ts';

const CLEAR_LINE = '\r\u001b[2K';

/** A stream of lines whose last line may be alive: written over until it is final. Without a terminal there is no live line. */
export class Screen {
  readonly #stream: Screenlike;
  readonly #isLive: boolean;
  #shown = '';
  #paused = false;

  constructor(stream: Screenlike, isLive: boolean) {
    this.#stream = stream;
    this.#isLive = isLive;
  }

  /** Writes whole lines where the live line was; it is gone until it is shown again. */
  lines(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.live('');
    this.#stream.write(`${lines.join('\n')}\n`);
  }

  /** Shows this as the live line; nothing when it is empty. */
  live(line: string): void {
    if (!this.#isLive || this.#paused || line === this.#shown) return;
    this.#stream.write(this.#shown === '' ? line : `${CLEAR_LINE}${line}`);
    this.#shown = line;
  }

  /** While something else uses the terminal, there is no live line. */
  pause(paused: boolean): void {
    if (paused) this.live('');
    this.#paused = paused;
  }
}
