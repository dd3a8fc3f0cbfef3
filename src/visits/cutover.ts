import type { Connect } from '../core/plan.ts';
import { staging } from '../migrate.ts';
import { advance } from '../run/runner.ts';
import { alreadyMoved } from './already-moved.ts';
import { beginRun, insistOnMachine, lookAt, refuse, refuseOthersClaim, show } from './begin.ts';
import { consent, consentAgain } from './consent.ts';
import { cutOver } from './cut-over.ts';
import { drain } from './drain.ts';
import { agreedPlan, isMoved, refuseClosed, refuseMidway, refuseSuperseded, moveNamed } from './earlier-run.ts';
import { conclude, contextOf, planOf, type Tools, type Verdict } from './visit.ts';

/** `neo-pull cutover [run]`: look again, bring staging up to date, cut over, tell. Without `deadManMs` what the run began with stays. */
export function cutover(
  tools: Tools,
  wanted: string | null,
  { connect, deadManMs }: { connect: Partial<Connect>; deadManMs?: number | null | undefined },
): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const earlier = await moveNamed(tools.stateHome, wanted);
    visit.known = earlier.state;
    const agreed = agreedPlan(earlier);
    if (isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    refuseMidway(earlier);
    refuseClosed(earlier);
    await refuseSuperseded(tools.stateHome, earlier);
    const { target, asked } = agreed;
    const limits = deadManMs === undefined ? agreed.limits : { ...agreed.limits, deadManMs };
    const request = { target, asked, limits, connect: { ...agreed.connect, ...connect } };
    const seen = await lookAt(visit, request, { asksChannels: true });
    const { plan, problems } = seen;
    await insistOnMachine(agreed, plan.old.machineId);
    await show(visit, seen);
    refuse(problems);
    await refuseOthersClaim(visit, plan, earlier);
    await consentAgain(visit, agreed, plan);
    await consent(visit, plan);
    await beginRun(visit, plan, earlier);
    await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    await drain(visit);
    return cutOver(visit);
  });
}
