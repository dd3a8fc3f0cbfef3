import { EXIT } from '../core/exit.ts';
import type { Connect } from '../core/plan.ts';
import { problem } from '../core/problem.ts';
import { reopen } from './begin.ts';
import { consentToTakeBack, costOfTakingBack } from './consent.ts';
import { forgetRehearsal } from './forget-rehearsal.ts';
import { takeBack } from './cut-over.ts';
import { agreedPlan, refuseSuperseded, workNamed } from './earlier-run.ts';
import { conclude, type Tools, type Verdict } from './visit.ts';

export interface RollbackOptions {
  readonly connect: Partial<Connect>;
  /** Said beforehand, on the command line: take it back even after the commit. */
  readonly afterCommit: boolean;
}

/** `neo-pull rollback [run]`: undoes what the run changed, as far as it came. Repeatable. */
export function rollback(
  tools: Tools,
  wanted: string | null,
  { connect, afterCommit }: RollbackOptions,
): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const earlier = await workNamed(tools.stateHome, wanted);
    visit.known = earlier.state;
    const agreed = agreedPlan(earlier);
    if (agreed.rehearsal) return forgetRehearsal(visit, earlier);
    await refuseSuperseded(tools.stateHome, earlier);
    const { committed, unwinding } = earlier.state;
    if (committed && !unwinding) {
      if (afterCommit) await visit.bus.emit({ type: 'notice', message: costOfTakingBack(agreed) });
      else await consentToTakeBack(visit, agreed);
    }
    await reopen(visit, earlier, connect);
    const asked = problem('interrupted', {
      message: 'Rolled back on request.',
      hint: 'See where things stand: neo-pull status',
    });
    const verdict = await takeBack(visit, asked);
    const isDone = verdict.outcome === 'rolled-back' && verdict.exitCode !== EXIT.unknown;
    return isDone ? { ...verdict, exitCode: EXIT.done, problem: null } : verdict;
  });
}
