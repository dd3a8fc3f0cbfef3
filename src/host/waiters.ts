/** Those who wait for news. Each is let go by the next, and leaves nothing behind when it gives up: one may wait again and again for days. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Lets everybody go who waits now. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next `wake`. Rejects with the signal's reason. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (settle: () => void): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', stop);
        settle();
      };
      const wake = (): void => leave(resolve);
      const stop = (): void =>
        leave(() => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')));
      if (signal.aborted) {
        stop();
        return;
      }
      this.#waiting.add(wake);
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}

/**
 * Resolves or rejects as the first of these waits does; each gets a signal by which the others end then, and that follows the given one. Nothing
 * stays at a signal or a promise that lives on.
 */
export async function firstOf(
  signal: AbortSignal,
  waits: readonly ((over: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const over = new AbortController();
  const stop = (): void => over.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  const begun = waits.map((wait) => wait(over.signal));
  try {
    await Promise.race(begun);
  } finally {
    signal.removeEventListener('abort', stop);
    over.abort();
    await Promise.allSettled(begun);
  }
}
