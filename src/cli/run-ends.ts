import type { Event } from '../core/event.ts';
import type { Finished } from './closing.ts';

/** Notes which runs a visit went through and how each ended; a visit over several profiles has several. */
export class RunEnds {
  #run = '';
  #ends: Finished[] = [];

  readonly onEvent = (event: Event): void => {
    this.#run = event.run;
    if (event.type === 'run.finished') this.#ends.push(event);
  };

  /** The run that the last event belongs to; empty where there is none. */
  get run(): string {
    return this.#run;
  }

  /** Ends that were told before the last one of all, which is that of the visit. */
  get before(): readonly Finished[] {
    return this.#ends.slice(0, -1);
  }
}
