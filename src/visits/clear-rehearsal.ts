import { EXIT } from '../core/exit.ts';
import { ProblemError } from '../core/problem.ts';
import { isLeftOver } from '../core/rehearsal-plan.ts';
import { rehearsal } from '../migrate.ts';
import { Bus } from '../run/bus.ts';
import { Journal } from '../run/journal.ts';
import { unwind } from '../run/runner.ts';
import { incomplete } from './cut-over.ts';
import { agreedPlan, allRuns, type EarlierRun } from './earlier-run.ts';
import { asFound, openVisit, type Tools, type Verdict, type Visit } from './visit.ts';

/**
 * Removes what rehearsals of this move have left that were killed: scratch folders, and a gateway that still runs in one. The lock of the move must
 * be held. Throws `unwind-incomplete` where something cannot be removed.
 */
export async function clearRehearsals(visit: Visit, key: string): Promise<void> {
  const { stateHome } = visit.tools;
  const left = (await allRuns(stateHome)).filter(
    ({ state }) => state.plan?.rehearsal?.key === key && isLeftOver(state),
  );
  for (const run of left) {
    const folder = agreedPlan(run).rehearsal?.folder ?? '';
    await visit.bus.emit({
      type: 'notice',
      message: `Removing what rehearsal ${run.folder.id} left when it was broken off: ${folder}`,
    });
    await clearRehearsal(visit.tools, run);
  }
}

/** Removes what one rehearsal has left, and says so in its Journal. The old machine is not needed for it. Repeatable. Throws as `clearRehearsals`. */
async function clearRehearsal(tools: Tools, { folder, state }: EarlierRun): Promise<void> {
  const plan = agreedPlan({ folder, state, events: [] });
  const journal = await Journal.open(folder.path, tools.clock, folder.id);
  try {
    const bus = new Bus(tools.clock, folder.id, []);
    bus.attach(journal, folder.id);
    // No step of a rehearsal undoes anything on the old machine: this one stands for it.
    const { here, clock } = tools;
    const signal = new AbortController().signal;
    const world = { old: here, new: here, clock, emit: bus.emit, signal, run: folder };
    const { failures } = await unwind(rehearsal(plan), { world, state: () => journal.state });
    if (failures.length > 0) refuse(incomplete({ ...openVisit(tools), journal, folder }, failures));
    const running = asFound(plan);
    await bus.emit({
      type: 'run.finished',
      outcome: 'rolled-back',
      running,
      exitCode: EXIT.done,
      downtimeMs: null,
      problem: null,
    });
  } finally {
    await journal.close();
  }
}

function refuse({ problem }: Verdict): void {
  if (problem) throw new ProblemError(problem);
}
