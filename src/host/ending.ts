import type { Clock } from '../core/clock.ts';
import type { Process } from '../core/host.ts';

/** How long a Process may take over a TERM before it gets a KILL, and after a KILL before its outputs are cut off. */
export const GRACE_MS = 2000;

/** Ends `target` when `signal` aborts: TERM, and KILL when it is still there after 2 s. Watches no longer than the Process lives. */
export function endOnAbort(target: Pick<Process, 'exit' | 'kill'>, signal: AbortSignal, clock: Clock): void {
  const end = (): void => {
    target.kill('TERM');
    afterGrace(target, clock, () => target.kill('KILL'));
  };
  if (signal.aborted) {
    end();
    return;
  }
  signal.addEventListener('abort', end, { once: true });
  const forget = (): void => signal.removeEventListener('abort', end);
  target.exit.then(forget, forget);
}

/** Does `act` 2 s from now, unless the Process has ended before. */
export function afterGrace(target: Pick<Process, 'exit'>, clock: Clock, act: () => void): void {
  const over = new AbortController();
  const end = (): void => over.abort();
  target.exit.then(end, end);
  clock.sleep(GRACE_MS, over.signal).then(act, () => undefined);
}
