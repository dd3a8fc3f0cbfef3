import { EXIT } from '../core/exit.ts';
import { alreadyMoved } from './already-moved.ts';
import { lookAt, refuse, show } from './begin.ts';
import { earlierRun, isMoved } from './earlier-run.ts';
import { isSeveral } from './several.ts';
import { planSeveral } from './plan-several.ts';
import { asFound, conclude, type Request, type Tools, type Verdict } from './visit.ts';

/** `neo-pull plan user@old`: look, decide, tell. Changes nothing anywhere. With `exitCode`, 20 says that there is something to do. */
export function plan(tools: Tools, request: Request, { exitCode }: { exitCode: boolean }): Promise<Verdict> {
  if (isSeveral(request)) return planSeveral(tools, request, { exitCode });
  return conclude(tools, async (visit) => {
    const seen = await lookAt(visit, request, { asksChannels: false });
    const earlier = await earlierRun(tools.stateHome, seen.plan.key);
    if (earlier && isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    await visit.bus.emit({ type: 'plan.made', plan: seen.plan });
    await show(visit, seen);
    refuse(seen.problems);
    const code = exitCode ? EXIT.somethingToDo : EXIT.done;
    return { outcome: 'planned', running: asFound(seen.plan), exitCode: code, problem: null };
  });
}
