/** Something done in small parts: between two of them the loop may look at what else happens. */
export type Job = Generator<void, void, undefined>;

const SLICE_MS = 15;

/** Jobs, one after the other in the order in which they were given, some milliseconds of each turn of the loop. */
export class Work {
  readonly #jobs: Job[] = [];
  readonly #failed: (error: unknown) => void;
  #due = false;

  /** `failed` hears what a job throws; nothing more is done then. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  add(job: Job): void {
    this.#jobs.push(job);
    this.#schedule();
  }

  /** Drops what is still to be done. */
  clear(): void {
    this.#jobs.length = 0;
  }

  #schedule(): void {
    if (this.#due || this.#jobs.length === 0) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.#slice();
      this.#schedule();
    });
  }

  #slice(): void {
    const end = performance.now() + SLICE_MS;
    try {
      for (let job = this.#jobs[0]; job !== undefined && performance.now() < end; job = this.#jobs[0]) {
        if (job.next().done === true) this.#jobs.shift();
      }
    } catch (error) {
      this.clear();
      this.#failed(error);
    }
  }
}
