import type { Running } from './event.ts';
import type { RunState } from './run-state.ts';

/** Who runs the gateway, as far as the Journal can say: the last word before a crash, not a look at the machines. Pure. */
export function runningOf(state: RunState): Running {
  if (!state.plan) return 'unknown';
  const asFound: Running = state.plan.ranAs === 'stopped' ? 'none' : 'old';
  if (isOpen(state, 'start-new')) return state.steps.get('start-new')?.phase === 'applied' ? 'new' : 'unknown';
  return isOpen(state, 'stop-old') ? 'none' : asFound;
}

/** Has this step begun, and not been undone? */
export function isOpen(state: RunState, step: string): boolean {
  const known = state.steps.get(step);
  return known !== undefined && known.phase !== 'undone';
}

/** Has any of these steps begun, and not been undone? */
export function anyOpen(state: RunState, steps: readonly { readonly id: string }[]): boolean {
  return steps.some((step) => isOpen(state, step.id));
}
