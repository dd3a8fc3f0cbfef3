import { readFileSync } from 'node:fs';

/** The system's own default. */
const QUEUE = 16_384;

/**
 * Tells when so much has happened at once that some of it may be lost. Linux drops events that do not fit into its queue and says
 * so, but Node does not hand that on. One queue serves all watches of a process, and Node empties it in one go before anything else
 * comes to its turn; so a queue that was full shows as at least that many events within one turn of the loop. A quarter is enough.
 */
export class TurnCount {
  readonly #limit: number;
  readonly #overflowed: () => void;
  #count = 0;

  constructor(overflowed: () => void, limit = Math.max(1, Math.floor(queueLength() / 4))) {
    this.#limit = limit;
    this.#overflowed = overflowed;
  }

  /** Counts one event, whatever becomes of it. Calls `overflowed` once in such a turn. */
  note(): void {
    this.#count += 1;
    if (this.#count === 1) setImmediate(() => (this.#count = 0));
    if (this.#count === this.#limit) this.#overflowed();
  }
}

function queueLength(): number {
  try {
    const length = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
    return length > 0 ? length : QUEUE;
  } catch {
    return QUEUE;
  }
}
