import { setMaxListeners } from 'node:events';

/** A signal that follows others, until it is let go. */
export interface Joined {
  readonly signal: AbortSignal;
  /** Leaves nothing behind at the signals that it follows. Repeatable. */
  readonly release: () => void;
}

/**
 * Aborts with the first of these that aborts, and its reason. In place of `AbortSignal.any` wherever it is made again and again beside a
 * signal that lives for days: Node 20 keeps a reference at that for each, for ever. As many may wait for it as commands run at once.
 */
export function joined(...signals: readonly AbortSignal[]): Joined {
  const either = new AbortController();
  setMaxListeners(0, either.signal);
  const over = new AbortController();
  for (const signal of signals) {
    const follow = (): void => either.abort(signal.reason);
    if (signal.aborted) follow();
    else signal.addEventListener('abort', follow, { once: true, signal: over.signal });
  }
  return { signal: either.signal, release: () => over.abort() };
}
