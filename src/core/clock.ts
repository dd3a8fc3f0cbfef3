/** Time as the rest of the program sees it, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `waitMs`; rejects with the signal's reason when it aborts first. */
  sleep(waitMs: number, signal?: AbortSignal): Promise<void>;
}
