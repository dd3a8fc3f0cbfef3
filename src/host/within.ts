import type { Clock } from '../core/clock.ts';

/** As `promise`, but rejects with the signal's reason when that aborts first. What `promise` stands for goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const forget = (): void => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).then(forget, forget);
  });
}

/** As `promise`, but rejects with `late()` when that has not settled after `waitMs`. What `promise` stands for goes on. */
export async function within<T>(
  promise: Promise<T>,
  { waitMs, clock, late }: { readonly waitMs: number; readonly clock: Clock; readonly late: () => Error },
): Promise<T> {
  const over = new AbortController();
  const timeout = clock.sleep(waitMs, over.signal).then(() => Promise.reject(late()));
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    over.abort();
  }
}
