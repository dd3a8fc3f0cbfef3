import type { Json } from '../core/json.ts';
import { fail, problem, problemOf, type Problem } from '../core/problem.ts';
import type { RunState, StepState } from '../core/run-state.ts';
import type { AnyStep, World } from '../core/step.ts';

/** What the runner works with. `state` is the fold of all that `world.emit` has made durable; it is asked anew each time. */
export interface RunnerContext {
  readonly world: World;
  readonly state: () => RunState;
}

/** A step whose `undo` did not succeed. */
export interface UndoFailure {
  readonly step: string;
  readonly title: string;
  readonly problem: Problem;
}

/** How an unwinding ended: whole when `failures` is empty. */
export interface Unwound {
  readonly failures: readonly UndoFailure[];
  /** The step below which nothing was undone, because undoing more could have done harm; null when all had their turn. */
  readonly stoppedAt: string | null;
}

/**
 * Goes forward through the steps: each takes its `before`, which is durable before `apply` begins, and is applied. Repeatable
 * after a crash anywhere: an applied step is passed over, one that had begun is applied again with the `before` of its first
 * beginning, one that was undone begins anew. `again` applies the applied ones too (staging, which every visit brings up to date),
 * with the `before` of their first beginning.
 *
 * Throws what a step throws, the reason of `world.signal` between two steps, and `run-not-ready` while any step is half undone:
 * then the unwinding has to be finished first.
 */
export async function advance(
  steps: readonly AnyStep[],
  context: RunnerContext,
  { again = false }: { again?: boolean } = {},
): Promise<void> {
  refuseTwins(steps);
  refuseHalfUndone(context);
  if (again) await reopen(steps, context);
  for (const step of steps) {
    if (context.state().steps.get(step.id)?.phase === 'applied') continue;
    context.world.signal.throwIfAborted();
    await begin(step, context);
    await step.apply(context.world, beforeOf(step, context));
    await context.world.emit({ type: 'step.applied', step: step.id });
  }
}

/**
 * Goes back through the steps that have begun and are not undone, last first. Repeatable after a crash anywhere. Does not heed
 * `world.signal`, which is often the reason for it: undoing steps see one that never aborts.
 *
 * Never throws for a step: a failed `undo` is told (`run.warned`), listed, and the unwinding goes on, unless the step guards.
 * It also ends where the Journal cannot be written: nothing is undone that a later process would take for done.
 */
export async function unwind(steps: readonly AnyStep[], context: RunnerContext): Promise<Unwound> {
  refuseTwins(steps);
  const world: World = { ...context.world, signal: new AbortController().signal };
  const failures: UndoFailure[] = [];
  for (const step of steps.toReversed()) {
    const known = context.state().steps.get(step.id);
    if (!known || known.phase === 'undone') continue;
    const failed = await undo(step, { ...context, world }, known);
    if (!failed) continue;
    failures.push({ step: step.id, title: step.title, problem: failed.problem });
    if (step.guards === true || !failed.recorded) return { failures, stoppedAt: step.id };
  }
  return { failures, stoppedAt: null };
}

/**
 * Lets applied steps count as begun, with the `before` that they have. Last first, and all before any is applied: wherever this
 * visit breaks off, the next one finds everything that stands on a step which was applied again to be applied again too.
 */
async function reopen(steps: readonly AnyStep[], { world, state }: RunnerContext): Promise<void> {
  for (const { id, title } of steps.toReversed()) {
    const known = state().steps.get(id);
    if (known?.phase === 'applied') await world.emit({ type: 'step.before', step: id, title, before: known.before });
  }
}

/** Makes sure that the step has a durable `before` and is known to be under way. */
async function begin(step: AnyStep, { world, state }: RunnerContext): Promise<void> {
  const known = state().steps.get(step.id);
  if (known?.phase === 'begun') return;
  // The law: a `before` that was recorded is never taken again, as the world may already have been changed.
  const before = (await step.before(world)) as Json;
  await world.emit({ type: 'step.before', step: step.id, title: step.title, before });
}

/** Undoes one step and says so in the Journal; null when both went well. `recorded` is false where the Journal failed. */
async function undo(
  step: AnyStep,
  context: RunnerContext,
  known: StepState,
): Promise<{ problem: Problem; recorded: boolean } | null> {
  const { emit } = context.world;
  let failed: Problem | null = null;
  try {
    if (known.phase !== 'undoing') await emit({ type: 'step.undoing', step: step.id });
    failed = await attemptUndo(step, context);
    await emit(
      failed ? { type: 'run.warned', problem: notUndone(step, failed) } : { type: 'step.undone', step: step.id },
    );
  } catch (thrown) {
    return { problem: failed ?? problemOf(thrown), recorded: false };
  }
  return failed && { problem: failed, recorded: true };
}

async function attemptUndo(step: AnyStep, context: RunnerContext): Promise<Problem | null> {
  try {
    await step.undo(context.world, beforeOf(step, context));
    return null;
  } catch (thrown) {
    return problemOf(thrown);
  }
}

/** The durable `before`, as its own copy: what a step does to it in memory must not outlive the call. */
function beforeOf(step: AnyStep, { state }: RunnerContext): Json {
  const known = state().steps.get(step.id);
  if (!known) throw new Error(`the before of step ${step.id} was told but is not in the journal`);
  return structuredClone(known.before);
}

function notUndone(step: AnyStep, cause: Problem): Problem {
  return problem('unwind-incomplete', {
    message: `${step.title}: could not be undone. ${cause.message}`,
    hint: cause.hint,
    detail: { step: step.id, code: cause.code },
  });
}

function refuseHalfUndone({ world, state }: RunnerContext): void {
  const half = [...state().steps]
    .filter(([, { phase }]) => phase === 'undoing')
    .map(([id, { title }]) => ({ id, title }));
  if (half.length === 0) return;
  throw fail('run-not-ready', {
    message: `Run ${world.run.id} is half undone (${half.map(({ title }) => title).join(', ')}) and cannot go forward from there.`,
    hint: `Finish putting things back first: \`neo-pull rollback ${world.run.id}\`.`,
    detail: { undoing: half.map(({ id }) => id) },
  });
}

function refuseTwins(steps: readonly AnyStep[]): void {
  const ids = steps.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) throw new Error(`two steps have the same id: ${ids.join(', ')}`);
}
