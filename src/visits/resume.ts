import { begunBy } from '../core/begun-by.ts';
import { EXIT } from '../core/exit.ts';
import type { Connect } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { staging } from '../migrate.ts';
import { advance } from '../run/runner.ts';
import { alreadyMoved } from './already-moved.ts';
import { reopen } from './begin.ts';
import { forgetRehearsal } from './forget-rehearsal.ts';
import { cutOver, takeBack } from './cut-over.ts';
import { drain } from './drain.ts';
import {
  agreedPlan,
  isMidway,
  isMoved,
  refuseOver,
  refuseSuperseded,
  workNamed,
  type EarlierRun,
} from './earlier-run.ts';
import { followRun } from './follow.ts';
import { broughtBack } from './found-since.ts';
import { asFound, conclude, contextOf, planOf, stateOf, type Tools, type Verdict, type Visit } from './visit.ts';

/** `neo-pull resume [run]`: after a crash, goes on from where the Journal says, forward or back; what followed follows on. */
export function resume(tools: Tools, wanted: string | null, connect: Partial<Connect>): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const earlier = await workNamed(tools.stateHome, wanted);
    visit.known = earlier.state;
    if (agreedPlan(earlier).rehearsal) return forgetRehearsal(visit, earlier);
    if (isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    refuseOver(earlier);
    await refuseSuperseded(tools.stateHome, earlier);
    refuseAlone(earlier);
    await reopen(visit, earlier, connect);
    const { unwinding } = stateOf(visit);
    if (unwinding) return takeBack(visit, unwinding);
    if (isMidway(stateOf(visit))) {
      const changed = await broughtBack(visit);
      return changed ? takeBack(visit, changed) : cutOver(visit);
    }
    if (wasSync(earlier) && begunBy(earlier.events).follows) return followOn(visit, earlier, connect);
    await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    if (wasSync(earlier))
      return { outcome: 'staged', running: asFound(planOf(visit)), exitCode: EXIT.done, problem: null };
    await drain(visit);
    return cutOver(visit);
  });
}

/** What followed the old machine when it was broken off follows on, as it was asked to. */
async function followOn(visit: Visit, earlier: EarlierRun, connect: Partial<Connect>): Promise<Verdict> {
  const { target, asked, limits, connect: agreed } = planOf(visit);
  await visit.bus.emit({ type: 'notice', message: 'This run followed the old machine, and follows on' });
  return followRun(visit, { target, asked, limits, connect: { ...agreed, ...connect } }, earlier);
}

/**
 * Throws `run-not-ready` for a run that shares something with those of other profiles, as long as these may still run: they were to be
 * stopped with it. Once all are stopped it may go on, and so may each of the others.
 */
function refuseAlone(run: EarlierRun): void {
  const { folder, state } = run;
  const { plan, steps, unwinding } = state;
  if (!plan?.group || unwinding || steps.has('old-is-dead') || wasSync(run)) return;
  throw fail('run-not-ready', {
    message: `Run ${folder.id} moves together with others (profiles ${plan.group.profiles.join(', ')}), and not all of them were stopped yet.`,
    hint: `Put it back: neo-pull rollback ${folder.id}. Then move all: neo-pull ${pasteable(plan.target)} --profile ${plan.group.profiles.map(pasteable).join(',')}`,
  });
}

/** Did the command that is resumed only stage? The resumes in between do not count. */
function wasSync({ events }: EarlierRun): boolean {
  const starts = events.flatMap((event) => (event.type === 'run.started' ? [event.command] : []));
  return starts.findLast((command) => !command.startsWith('resume'))?.startsWith('sync') ?? false;
}
