import { setTimeout as sleep } from 'node:timers/promises';

type There<T> = Exclude<T, null | undefined | false>;

/** Asks every 15 ms until the answer is there (neither null, undefined nor false), or throws after `patienceMs`. */
export async function waitFor<T>(what: string, ask: () => T | Promise<T>, patienceMs = 15_000): Promise<There<T>> {
  for (const end = performance.now() + patienceMs; performance.now() < end;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer as There<T>;
    await sleep(15);
  }
  throw new Error(`waited ${String(patienceMs)} ms in vain: ${what}`);
}
