import { EXIT } from '../core/exit.ts';
import { isLeftOver, lockKeyOf } from '../core/rehearsal-plan.ts';
import { fail } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { lock } from './begin.ts';
import { clearRehearsals } from './clear-rehearsal.ts';
import { agreedPlan, type EarlierRun } from './earlier-run.ts';
import { asFound, type Verdict, type Visit } from './visit.ts';

/**
 * What `rollback` and `resume` do about a rehearsal that was broken off: what it left is removed, and it can be made anew. The old machine is not
 * asked. Throws `run-not-ready` for a rehearsal that came to its end.
 */
export async function forgetRehearsal(visit: Visit, run: EarlierRun): Promise<Verdict> {
  const plan = agreedPlan(run);
  if (!isLeftOver(run.state)) {
    throw fail('run-not-ready', {
      message: `Run ${run.folder.id} was a rehearsal, and has left nothing that could be put back.`,
      hint: `To move: neo-pull ${pasteable(plan.target)}`,
    });
  }
  visit.folder = run.folder;
  await lock(visit, lockKeyOf(plan));
  await clearRehearsals(visit, lockKeyOf(plan));
  return { outcome: 'rolled-back', running: asFound(plan), exitCode: EXIT.done, problem: null };
}
