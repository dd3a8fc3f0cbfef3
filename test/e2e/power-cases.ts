import type { Mode } from '../kit/mover-lab.ts';
import type { End } from '../kit/mover-order.ts';
import type { Line } from './kill-cases.ts';

/** One power cut, and what is done about it. */
export interface PowerCut {
  /** Whose power is cut. */
  readonly side: 'old' | 'new';
  /** At which line of the Journal. */
  readonly what: string;
  readonly end: End;
  readonly then: 'resume' | 'rollback';
  readonly mode: Mode;
  /** Of the old machine's account. */
  readonly linger: boolean;
  /** Is the old machine on again at once, while neo-pull still tries to reach it? Else only when neo-pull has given up. */
  readonly isBackAtOnce: boolean;
  /** Is the move made once more when all is over (I7)? */
  readonly pullsAgain: boolean;
}

/** Every line of a move by its name, both ends, either machine, both ways out; how the gateway runs and what its machine does changes from one to the next. */
export function everyPowerCut(lines: readonly Line[]): PowerCut[] {
  const names = [...new Set(lines.map(({ what }) => what))];
  const cuts: PowerCut[] = [];
  for (const what of names) {
    for (const end of ['before', 'after'] as const) {
      for (const side of ['old', 'new'] as const) {
        for (const then of ['resume', 'rollback'] as const) {
          const nth = cuts.length + Math.floor(cuts.length / 8);
          const mode = (['service', 'foreground', 'unenabled'] as const)[nth % 3] ?? 'service';
          const isBackAtOnce = side === 'old' && Math.floor(nth / 4) % 2 === 0;
          cuts.push({ side, what, end, then, mode, linger: nth % 2 === 0, isBackAtOnce, pullsAgain: nth % 4 === 1 });
        }
      }
    }
  }
  return cuts;
}

/** Behind the fence, behind the swap, before the stop: what a default run has time for. */
export const SOME_POWER_CUTS: readonly PowerCut[] = [
  {
    ...{ side: 'old', what: 'step.applied fence-old', end: 'after', then: 'rollback' },
    ...{ mode: 'service', linger: false, isBackAtOnce: false, pullsAgain: false },
  },
  {
    ...{ side: 'new', what: 'step.applied swap', end: 'before', then: 'resume' },
    ...{ mode: 'service', linger: true, isBackAtOnce: false, pullsAgain: false },
  },
  {
    ...{ side: 'old', what: 'step.before stop-old', end: 'before', then: 'rollback' },
    ...{ mode: 'foreground', linger: true, isBackAtOnce: true, pullsAgain: true },
  },
];

export function titleOf({ side, what, end, then, mode, linger, isBackAtOnce }: PowerCut): string {
  const old = `${mode} ${linger ? 'with' : 'without'} linger`;
  return `${old}: power of the ${side} machine cut ${end} ${what}${isBackAtOnce ? ', back at once' : ''}, then ${then}`;
}
