import { staging } from '../migrate.ts';
import { advance } from '../run/runner.ts';
import { alreadyMoved } from './already-moved.ts';
import { beginRun, lookAt, refuse, refuseOthersClaim, show } from './begin.ts';
import { consent } from './consent.ts';
import { cutOver } from './cut-over.ts';
import { drain } from './drain.ts';
import { earlierRun, isMoved } from './earlier-run.ts';
import { isSeveral } from './several.ts';
import { pullSeveral } from './pull-several.ts';
import { conclude, contextOf, planOf, type Request, type Tools, type Verdict } from './visit.ts';

/** `neo-pull user@old`: look, decide, stage, cut over, tell. */
export function pull(tools: Tools, request: Request): Promise<Verdict> {
  if (isSeveral(request)) return pullSeveral(tools, request);
  return conclude(tools, async (visit) => {
    const seen = await lookAt(visit, request, { asksChannels: true });
    const { plan, problems } = seen;
    const earlier = await earlierRun(tools.stateHome, plan.key);
    if (earlier && isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    await show(visit, seen);
    refuse(problems);
    await refuseOthersClaim(visit, plan, earlier);
    await consent(visit, plan);
    await beginRun(visit, plan, earlier);
    await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    await drain(visit);
    return cutOver(visit);
  });
}
