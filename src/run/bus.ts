import type { Clock } from '../core/clock.ts';
import { isJournaled, type Event, type EventBody } from '../core/event.ts';
import { isoTime } from '../core/timestamp.ts';
import type { Journal } from './journal.ts';

export type Listener = (event: Event) => void;

/** A listener that fails (a closed terminal, a full log disk) must not stop a cutover: what is told is not what is done. */
function hear(listener: Listener, event: Event): void {
  try {
    listener(event);
  } catch {
    // The Journal has it.
  }
}

/**
 * Where events are told. Until a Journal is attached (looking, dry runs) everything is only told; from then on `run.*`, `plan.*` and
 * `step.*` are durable before any listener hears of them.
 */
export class Bus {
  readonly #clock: Clock;
  readonly #listeners: Listener[];
  #run: string;
  #journal: Journal | null = null;
  #seq = 0;

  constructor(clock: Clock, run: string, listeners: readonly Listener[]) {
    this.#clock = clock;
    this.#run = run;
    this.#listeners = [...listeners];
  }

  /** From here on this one hears too, after the others. */
  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** From here on events belong to this run. */
  attach(journal: Journal, run: string): void {
    this.#journal = journal;
    this.#run = run;
  }

  readonly emit = async (body: EventBody): Promise<void> => {
    const event = await this.#made(body);
    for (const listener of this.#listeners) hear(listener, event);
  };

  async #made(body: EventBody): Promise<Event> {
    if (this.#journal) return isJournaled(body) ? this.#journal.append(body) : this.#journal.stamp(body);
    this.#seq += 1;
    return { v: 1, seq: this.#seq, ts: isoTime(this.#clock.now()), run: this.#run, ...body };
  }
}
