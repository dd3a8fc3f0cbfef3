import { copyIsWhole } from '../checks/copy.ts';
import { newWorks } from '../checks/live.ts';
import { oldStaysDead } from '../checks/old-dead.ts';
import { copyAudited } from '../checks/received.ts';
import { EXIT } from '../core/exit.ts';
import type { Connect } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import { agreedPlan, isMoved, moveNamed } from './earlier-run.ts';
import { asFound, conclude, connectTo, worldOf, type Tools, type Verdict } from './visit.ts';

/** `neo-pull verify [run]`: the copy checks of a staged run, the live checks of a moved one. Read-only on both machines. */
export function verify(tools: Tools, wanted: string | null, connect: Partial<Connect>): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const earlier = await moveNamed(tools.stateHome, wanted);
    visit.known = earlier.state;
    const agreed = agreedPlan(earlier);
    const moved = isMoved(earlier.state);
    visit.folder = earlier.folder;
    visit.old = await connectTo(visit, { ...agreed.connect, ...connect });
    const problems: Problem[] = [];
    for (const check of moved ? [oldStaysDead(agreed), newWorks(agreed)] : [copyIsWhole(agreed), copyAudited(agreed)]) {
      const found = await check.run(worldOf(visit));
      await visit.bus.emit({ type: 'check.done', check: check.id, title: check.title, problems: found });
      problems.push(...found);
    }
    const running = moved ? 'new' : asFound(agreed);
    const worst = problems.find((found) => found.stops) ?? null;
    if (!worst) return { outcome: 'verified', running, exitCode: EXIT.done, problem: null };
    return { outcome: 'failed', running, exitCode: moved ? EXIT.unknown : EXIT.mismatch, problem: worst };
  });
}
