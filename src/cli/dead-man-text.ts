import type { DeadMan } from '../core/dead-man.ts';
import { printable } from '../host/printable.ts';
import { durationText } from './units.ts';

const STANDS: Readonly<Record<DeadMan['stands'], string>> = {
  armed: 'armed: the old machine may have started its gateway again by now',
  fired: 'fired: the old machine started its gateway again',
  cancelled: 'cancelled before the commit, and seen gone',
  ended: 'not armed any more',
};

/** How a dead-man's switch stands, in one line. Pure. */
export function deadManText({ stands, timeoutMs, how }: DeadMan): string {
  return `${STANDS[stands]} (after ${durationText(timeoutMs)} without a word from here; ${printable(how)})`;
}
