import type { Event } from '../../src/core/event.ts';
import { isJournaled } from '../../src/core/event.ts';
import type { End } from '../kit/mover-order.ts';
import type { Mode } from '../kit/mover-lab.ts';

/** One death, and what is done about it. */
export interface Kill {
  readonly mode: Mode;
  /** Which line of the Journal, from 1, and what it says. */
  readonly line: number;
  readonly what: string;
  readonly end: End;
  readonly then: 'resume' | 'rollback';
  /** Is the move tried once more when all is over (I7)? */
  readonly pullsAgain: boolean;
}

/** A line of a Journal: what it says, and the step it belongs to (or its own type). */
export interface Line {
  readonly what: string;
  readonly step: string;
}

/** The Journal's lines of a process, from everything that it told. */
export function linesOf(events: readonly Event[]): Line[] {
  let current: string | null = null;
  return events.filter(isJournaled).map((event) => {
    if ('step' in event && event.type.startsWith('step.')) current = event.step;
    const own = event.type.startsWith('step.') ? `${event.type} ${current ?? ''}` : event.type;
    const step =
      event.type.startsWith('plan.') || event.type === 'run.started' || event.type === 'run.finished'
        ? event.type
        : (current ?? event.type);
    return { what: own, step };
  });
}

/** Every line, both ends, both ways out of it, however the old gateway runs. */
export function everyKill(lines: readonly Line[]): Kill[] {
  const kills: Kill[] = [];
  for (const [at, { what }] of lines.entries()) {
    for (const end of ['before', 'after'] as const) {
      for (const then of ['resume', 'rollback'] as const) {
        for (const runsAs of ['foreground', 'service'] as const) {
          const mode = runsAs === 'service' && at % 3 === 1 ? 'unenabled' : runsAs;
          kills.push({ mode, line: at + 1, what, end, then, pullsAgain: kills.length % 8 < 2 });
        }
      }
    }
  }
  return kills;
}

/**
 * For every step one death at one of its lines; lines, ends, ways out and modes change from step to step. The same for the same lines.
 */
export function someKills(lines: readonly Line[]): Kill[] {
  const all = everyKill(lines);
  const steps = [...new Set(lines.map(({ step }) => step))];
  // Every other step: all of them, at all of their lines, are killed with SLOW=1.
  return steps.flatMap((step, at) => {
    if (at % 2 === 1 && step !== 'commit' && step !== 'swap') return [];
    const numbers = lines.flatMap((line, index) => (line.step === step ? [index + 1] : []));
    const nth = Math.floor(at / 2);
    const line = numbers[nth % numbers.length];
    const end = nth % 2 === 0 ? 'before' : 'after';
    const then = Math.floor(nth / 2) % 2 === 0 ? 'resume' : 'rollback';
    const isForeground = Math.floor(nth / 4) % 2 === 0;
    const fits = all.find(
      (kill) =>
        kill.line === line && kill.end === end && kill.then === then && (kill.mode === 'foreground') === isForeground,
    );
    return fits ? [{ ...fits, pullsAgain: nth % 3 === 0 }] : [];
  });
}

export function titleOf({ mode, line, what, end, then }: Kill): string {
  return `${mode}: killed ${end} line ${String(line)} (${what}), then ${then}`;
}
