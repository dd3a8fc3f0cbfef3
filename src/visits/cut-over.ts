import { EXIT, type ExitCode } from '../core/exit.ts';
import type { Plan } from '../core/plan.ts';
import { PROBLEMS, problem, problemOf, type Problem, type ProblemCode } from '../core/problem.ts';
import { runningOf } from '../core/running.ts';
import type { AnyStep } from '../core/step.ts';
import { cutover } from '../migrate.ts';
import { advance, unwind, type UndoFailure } from '../run/runner.ts';
import { markDirtyIfThere } from '../steps/staging-dir.ts';
import { keptPath } from '../steps/swap.ts';
import { budgeted } from './budget.ts';
import { endedMeanwhile } from './ended-meanwhile.ts';
import { renewed } from './renewal.ts';
import { sabotaged } from './sabotage.ts';
import { asFound, contextOf, planOf, stateOf, type Verdict, type Visit } from './visit.ts';

/** After a whole unwinding these keep their own exit code; everything else is "cutover failed, rolled back". */
const OWN_EXIT: readonly ExitCode[] = [
  EXIT.mismatch,
  EXIT.locked,
  EXIT.halt,
  EXIT.overBudget,
  EXIT.interrupted,
  EXIT.terminated,
];

/**
 * Goes forward through the cutover from where the Journal says; whatever fails before the commit is undone here and now. Up to the
 * commit no gateway serves, so a line that breaks is not waited for: it unwinds. After it there is time to connect again.
 */
export async function cutOver(visit: Visit): Promise<Verdict> {
  try {
    await goTo(visit, 'commit');
    await goTo(visit, 'start-new');
    await advance(stepsOf(visit), contextOf(visit));
    return moved(visit);
  } catch (error) {
    return settle(visit, problemOf(error));
  }
}

/**
 * Goes forward up to this step of the cutover, and with it, as `cutOver` does. Throws what a step throws; nothing is undone. `together` are
 * the visits that move with this one, itself among them: none of their gateways may be down for too long.
 */
export async function goTo(visit: Visit, last: string, together: readonly Visit[] = [visit]): Promise<void> {
  const steps = stepsOf(visit);
  const ids = steps.map(({ id }) => id);
  const [end, committed] = [ids.indexOf(last) + 1, ids.indexOf('commit') + 1];
  const context = contextOf(visit);
  const { old } = context.world;
  const steady = { ...context.world, old: old.steady?.() ?? old };
  const renewal = await renewed(visit, steady, together);
  const budget = budgeted(visit, renewal.world, together);
  // Between the commit and the start no gateway runs anywhere: Ctrl-C is heeded after it.
  const unheeding = { ...context, world: { ...context.world, signal: new AbortController().signal } };
  try {
    await advance(steps.slice(0, Math.min(end, committed)), { ...context, world: budget.world });
  } finally {
    budget.dispose();
    await renewal.dispose();
  }
  if (end > committed) await advance(steps.slice(committed, end), unheeding);
}

function stepsOf(visit: Visit): readonly AnyStep[] {
  return sabotaged(cutover(planOf(visit), { committed: false, follower: visit.follower }), visit.tools.failAt ?? null);
}

/** Undoes everything that the run has changed, as far as it came. The cause is journaled first. */
export async function takeBack(visit: Visit, cause: Problem): Promise<Verdict> {
  const state = stateOf(visit);
  const plan = planOf(visit);
  const { committed } = state;
  visit.tools.interrupt.shield();
  if (!state.unwinding) await visit.bus.emit({ type: 'run.unwinding', problem: cause });
  const { failures } = await unwind(cutover(plan, { committed }), contextOf(visit));
  if (failures.length > 0) return incomplete(visit, failures);
  if (committed) await tellKept(visit, plan);
  // After any unwound cutover the next pass compares contents: that is what mends a copy that was found to differ.
  else await Promise.all(plan.roots.map(markDirtyIfThere));
  return rolledBack(visit, stateOf(visit).unwinding ?? cause);
}

const SAID_NOTHING: readonly ProblemCode[] = ['new-did-not-start', 'new-serves-elsewhere', 'old-alive'];

/** After a failure on the way forward: undoes everything, unless the new gateway may have spoken. */
export async function settle(visit: Visit, cause: Problem): Promise<Verdict> {
  const { committed } = stateOf(visit);
  // A real start that was not made, or never became ready, or came up on another state dir than the moved one, has said nothing: it unwinds like the rest.
  if (!committed || SAID_NOTHING.includes(cause.code)) return takeBack(visit, cause);
  if (cause.code === 'interrupted' || cause.code === 'terminated') {
    return {
      outcome: 'interrupted',
      running: runningOf(stateOf(visit)),
      exitCode: PROBLEMS[cause.code].exit,
      problem: cause,
    };
  }
  return { outcome: 'failed', running: 'unknown', exitCode: EXIT.unknown, problem: cause };
}

function moved(visit: Visit): Verdict {
  const { events } = visit.journal ?? { events: [] };
  const committedAt = events.findLastIndex((event) => event.type === 'run.committed');
  const degraded = events.slice(committedAt).flatMap((event) => (event.type === 'run.warned' ? [event.problem] : []));
  const worst = degraded[0] ?? null;
  return { outcome: 'moved', running: 'new', exitCode: worst ? EXIT.degraded : EXIT.done, problem: worst };
}

async function rolledBack(visit: Visit, cause: Problem): Promise<Verdict> {
  const ended = await endedMeanwhile(visit, cause);
  if (ended) return { outcome: 'rolled-back', running: 'none', exitCode: EXIT.unknown, problem: ended };
  const { exit } = PROBLEMS[cause.code];
  const exitCode = OWN_EXIT.includes(exit) ? exit : EXIT.cutover;
  return { outcome: 'rolled-back', running: asFound(planOf(visit)), exitCode, problem: cause };
}

/** The verdict where not everything could be undone: what is left, and what to do about it. */
export function incomplete(visit: Visit, failures: readonly UndoFailure[]): Verdict {
  const lines = failures.map((failure) => `${failure.title}: ${failure.problem.message}`);
  const todo = failures.map((failure) => failure.problem.hint);
  const cause = stateOf(visit).unwinding;
  return {
    outcome: 'failed',
    running: runningOf(stateOf(visit)),
    exitCode: EXIT.unknown,
    problem: problem('unwind-incomplete', {
      message: `${cause ? `${cause.message} After that, not` : 'Not'} everything could be put back. ${lines.join(' ')}`,
      hint: `${todo.join(' Then: ')} When that is done: neo-pull rollback ${visit.folder?.id ?? ''}`,
      detail: {
        failures: failures.map(({ step, problem: { code, message, hint } }) => ({ step, code, message, hint })),
      },
    }),
  };
}

async function tellKept(visit: Visit, plan: Plan): Promise<void> {
  for (const root of plan.roots) {
    await visit.bus.emit({
      type: 'run.saved',
      what: `what the new gateway had in ${root.livePath}`,
      path: keptPath(plan, root),
    });
  }
}
