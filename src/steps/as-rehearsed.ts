import type { EventBody, Rewrite } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import type { Plan } from '../core/plan.ts';
import { ProblemError, type Problem } from '../core/problem.ts';
import { REHEARSED } from '../core/rehearsal-forecast.ts';
import { asIfMoved } from '../core/rehearsal-plan.ts';
import { keep, type AnyStep, type World } from '../core/step.ts';

/**
 * A step of the cutover as a rehearsal makes it: in the scratch folder, under a name of its own, and telling everything as it would be after a real
 * move. `step` is made by the Plan in the scratch, `plan` is that of the rehearsal. Its undo is that the scratch goes; only what guards
 * undoes by itself.
 */
export function asRehearsed(step: AnyStep, plan: Plan): AnyStep {
  const inside = (world: World): World => ({ ...world, emit: (event) => world.emit(toldAsMoved(plan, event)) });
  return {
    ...step,
    id: REHEARSED + step.id,
    touches: 'staging',
    async apply(world, before) {
      try {
        await step.apply(inside(world), before);
      } catch (thrown) {
        if (!(thrown instanceof ProblemError)) throw thrown;
        throw new ProblemError(asMoved<Problem>(plan, thrown.problem), { cause: thrown });
      }
    },
    undo:
      step.guards === true
        ? (world, before) => step.undo(inside(world), before)
        : keep('it goes with the scratch folder, which is removed as a whole'),
  };
}

function toldAsMoved(plan: Plan, event: EventBody): EventBody {
  const told = asMoved<EventBody>(plan, event);
  if (told.type !== 'run.reconciled') return told;
  // What keeps its path in the move was rewritten only because the scratch lies elsewhere; and the map goes with the scratch.
  const { map: _, rewrites, ...rest } = told;
  return { ...rest, rewrites: rewrites.filter(({ from, to }: Rewrite) => from !== to) };
}

/** Whatever is told is JSON. */
function asMoved<Told>(plan: Plan, told: Told): Told {
  return asIfMoved(plan, told as Json) as Told;
}
