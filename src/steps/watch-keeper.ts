import type { Plan } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { startWatcher, type Watcher } from '../watch/watcher.ts';
import { claimFolder } from './claim.ts';
import type { Place } from './pending.ts';

/** A watcher that could not be started is tried again this often, one that keeps ending no less often. */
const AGAIN_MS = 10 * 60_000;
/** One that has ended is started again at once; when it ends again and again, after so long, doubled each time. */
const FIRST_WAIT_MS = 2000;
/** Whoever has lived so long ended for a reason of its own. */
const LONG_LIFE_MS = 5 * 60_000;
/** How long the proof by a cookie may take while no gateway serves. */
const SETTLE_MS = 3000;

/** What was told since the last time. */
export interface Told {
  readonly places: readonly Place[];
  /** Why something may have been lost; null when nothing was. */
  readonly gap: string | null;
}

const NOTHING: Told = { places: [], gap: null };

/** Keeps a watcher on the old machine, as far as there can be one, and starts it again when it has ended. */
export class WatchKeeper {
  readonly #plan: Plan;
  #watcher: Watcher | null = null;
  #startedMs = -Infinity;
  #waitMs = 0;
  #ends = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get isWatching(): boolean {
    return this.#watcher !== null;
  }

  /** How changes are noticed, for people. */
  get engine(): string {
    return this.#watcher?.state().engine ?? 'polling';
  }

  /** Is it time to start one? */
  isDue(nowMs: number): boolean {
    return this.#watcher === null && (nowMs < this.#startedMs || nowMs - this.#startedMs >= this.#waitMs);
  }

  /**
   * Starts one in place of any that there is. Resolves with why there can be none; null when there is one. Throws `connection-lost`, a defect, and
   * the signal's reason.
   */
  async start({ old, clock, signal }: World): Promise<string | null> {
    await this.close();
    this.#startedMs = clock.now();
    const { roots, excludes } = this.#plan;
    const options = { old, node: this.#plan.old.gateway.node, roots, excludes, clock, signal };
    try {
      this.#watcher = await startWatcher({ ...options, cookieDir: claimFolder(this.#plan) }).catch((error: unknown) => {
        // An account that may only read makes no cookies.
        if (problemOf(error).code !== 'account-read-only') throw error;
        return startWatcher({ ...options, cookieDir: null });
      });
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = problemOf(error);
      if (code === 'connection-lost' || code === 'bug') throw error;
      this.#waitMs = AGAIN_MS;
      return message;
    }
  }

  take(): Told {
    if (!this.#watcher) return NOTHING;
    const gap = this.#watcher.takeGap();
    return { gap, places: this.#watcher.take().map(({ root, ...place }) => ({ ...place, root: root.id })) };
  }

  /** Resolves when there is something to take, never without a watcher. Rejects as the watcher ended, and with the signal's reason. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#watcher?.changed(signal) ?? new Promise(() => undefined);
  }

  /** Rejects as the watcher ended, and with the signal's reason; never resolves. */
  ended(signal: AbortSignal): Promise<void> {
    return this.#watcher?.ended(signal) ?? new Promise(() => undefined);
  }

  /** Is it proven that everything was told which happened before this call? */
  async settled({ signal }: Pick<World, 'signal'>): Promise<boolean> {
    if (!this.#watcher) return false;
    return this.#watcher.settled(signal, SETTLE_MS).catch(() => {
      signal.throwIfAborted();
      return false;
    });
  }

  /** It has ended, or its line has. The next one is due at once, unless this goes on and on. */
  async lost({ clock }: Pick<World, 'clock'>): Promise<void> {
    const livedMs = clock.now() - this.#startedMs;
    this.#ends = livedMs > LONG_LIFE_MS ? 1 : this.#ends + 1;
    this.#waitMs = this.#ends === 1 ? 0 : Math.min(AGAIN_MS, FIRST_WAIT_MS * 2 ** (this.#ends - 2));
    await this.close();
  }

  /** Ends it on the old machine. Repeatable; throws nothing. */
  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = null;
    await watcher?.close().catch(() => undefined);
  }
}
