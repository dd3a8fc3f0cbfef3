import { EXIT } from '../core/exit.ts';
import type { Connect } from '../core/plan.ts';
import { staging } from '../migrate.ts';
import { advance } from '../run/runner.ts';
import { alreadyMoved } from './already-moved.ts';
import { reopen } from './begin.ts';
import { cutOver, takeBack } from './cut-over.ts';
import {
  agreedPlan,
  isMidway,
  isMoved,
  refuseOver,
  refuseSuperseded,
  runNamed,
  type EarlierRun,
} from './earlier-run.ts';
import { asFound, conclude, contextOf, planOf, stateOf, type Tools, type Verdict } from './visit.ts';

/** `neo-pull resume [run]`: after a crash, goes on from where the Journal says, forward or back. */
export function resume(tools: Tools, wanted: string | null, connect: Partial<Connect>): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const earlier = await runNamed(tools.stateHome, wanted);
    visit.known = earlier.state;
    agreedPlan(earlier);
    if (isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    refuseOver(earlier);
    await refuseSuperseded(tools.stateHome, earlier);
    await reopen(visit, earlier, connect);
    const { unwinding } = stateOf(visit);
    if (unwinding) return takeBack(visit, unwinding);
    if (isMidway(stateOf(visit))) return cutOver(visit);
    await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    if (wasSync(earlier))
      return { outcome: 'staged', running: asFound(planOf(visit)), exitCode: EXIT.done, problem: null };
    return cutOver(visit);
  });
}

/** Did the command that is resumed only stage? The resumes in between do not count. */
function wasSync({ events }: EarlierRun): boolean {
  const starts = events.flatMap((event) => (event.type === 'run.started' ? [event.command] : []));
  return starts.findLast((command) => !command.startsWith('resume'))?.startsWith('sync') ?? false;
}
