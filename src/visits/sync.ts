import { EXIT } from '../core/exit.ts';
import { staging } from '../migrate.ts';
import { advance } from '../run/runner.ts';
import { alreadyMoved } from './already-moved.ts';
import { beginRun, lookAt, refuse, show } from './begin.ts';
import { earlierRun, isMoved } from './earlier-run.ts';
import { isSeveral } from './several.ts';
import { syncSeveral } from './sync-several.ts';
import { asFound, conclude, contextOf, planOf, type Request, type Tools, type Verdict } from './visit.ts';

/** `neo-pull sync user@old`: look, decide, stage, tell. Stops nothing; run again, it sends only what changed. */
export function sync(tools: Tools, request: Request): Promise<Verdict> {
  if (isSeveral(request)) return syncSeveral(tools, request);
  return conclude(tools, async (visit) => {
    const seen = await lookAt(visit, request, { asksChannels: false });
    const { plan, problems } = seen;
    const earlier = await earlierRun(tools.stateHome, plan.key);
    if (earlier && isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    await show(visit, seen);
    // What only the cutover would park is no reason not to copy beside it.
    refuse(problems.filter((found) => found.code !== 'live-exists'));
    await beginRun(visit, plan, earlier);
    await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    return { outcome: 'staged', running: asFound(plan), exitCode: EXIT.done, problem: null };
  });
}
