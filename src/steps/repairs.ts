import type { Root } from '../core/plan.ts';
import type { World } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { markDirty } from './staging-dir.ts';
import { StagingWatch } from './staging-watch.ts';

/** Between two repairs at least so long, or three times as long as the last pass took: whoever goes on writing must not keep both machines busy. */
const APART_MS = 5000;
/** The same is told again after so long only. */
const TELL_AGAIN_MS = 10 * 60_000;

/**
 * Knows when somebody else has written into staging, tells it, and says when a pass over everything has to repair it. Until that has been
 * made staging is dirty, so that it compares contents.
 */
export class Repairs {
  readonly #watch: StagingWatch;
  #isNeeded = false;
  #madeMs: number | null = null;
  #tookMs = 0;
  #toldMs: number | null = null;

  constructor(roots: readonly Root[]) {
    this.#watch = new StagingWatch(roots);
  }

  /** Has staging not been repaired yet since somebody else wrote there? */
  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  /** Makes a pass of ours. Throws what that throws. */
  during<T>(pass: () => Promise<T>, { clock }: Pick<World, 'clock'>): Promise<T> {
    return this.#watch.during(pass, clock);
  }

  /** Makes the pass over everything that repairs staging, if it has to be repaired. Throws what that throws. */
  async duringWhole<T>(pass: () => Promise<T>, { clock }: Pick<World, 'clock'>): Promise<T> {
    const startedMs = clock.now();
    const brought = await this.#watch.during(pass, clock);
    if (this.#isNeeded) this.#madeMs = clock.now();
    this.#tookMs = Math.max(0, clock.now() - startedMs);
    this.#isNeeded = false;
    return brought;
  }

  /** Takes in what was heard, and tells it. */
  async hear({ emit, clock }: Pick<World, 'emit' | 'clock'>): Promise<void> {
    const failure = this.#watch.takeFailure();
    if (failure !== null) {
      const message = `Whether something else writes into the copy is not heard (${printable(failure, 40)}).`;
      await emit({ type: 'notice', message });
    }
    const foreign = this.#watch.take();
    for (const { root } of foreign) await markDirty(root);
    const [first] = foreign;
    if (!first) return;
    this.#isNeeded = true;
    const isTold = this.#toldMs !== null && Math.abs(clock.now() - this.#toldMs) < TELL_AGAIN_MS;
    if (isTold) return;
    this.#toldMs = clock.now();
    const message = `Something else has written into the copy: ${printable(first.path)}. All of it is compared with the old machine by content, and repaired.`;
    await emit({ type: 'notice', message });
  }

  /** How long until the next repair is to be made; null where none is needed. Not negative. */
  waitMs(nowMs: number): number | null {
    if (!this.#isNeeded) return null;
    if (this.#madeMs === null || nowMs < this.#madeMs) return 0;
    return Math.max(0, this.#madeMs + Math.max(APART_MS, 3 * this.#tookMs) - nowMs);
  }

  /** Resolves when there is something to hear. Rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#watch.changed(signal);
  }

  /** Repeatable. */
  close(): Promise<void> {
    return this.#watch.close();
  }
}
