import type { Event, Outcome, Running } from './event.ts';
import type { Json } from './json.ts';
import type { Plan } from './plan.ts';
import type { Problem } from './problem.ts';

/** Where one step stands, as the Journal says. */
export interface StepState {
  readonly title: string;
  readonly before: Json;
  readonly phase: 'begun' | 'applied' | 'undoing' | 'undone';
}

/** A run, as the fold of its Journal. */
export interface RunState {
  readonly plan: Plan | null;
  readonly steps: ReadonlyMap<string, StepState>;
  readonly unwinding: Problem | null;
  readonly committed: boolean;
  readonly finished: { outcome: Outcome; running: Running; exitCode: number } | null;
}

export const EMPTY_RUN: RunState = { plan: null, steps: new Map(), unwinding: null, committed: false, finished: null };

/** The next state of a run after one event; events that are only told change nothing. */
export function foldRun(state: RunState, event: Event): RunState {
  switch (event.type) {
    case 'run.started':
      return { ...state, finished: null };
    case 'plan.made':
    case 'plan.revised':
      return { ...state, plan: event.plan };
    case 'step.before':
      return withStep(openAgain(state), event.step, { title: event.title, before: event.before, phase: 'begun' });
    case 'step.applied':
      return withPhase(state, event.step, 'applied');
    case 'step.undoing':
      return withPhase(state, event.step, 'undoing');
    case 'step.undone':
      return withPhase(state, event.step, 'undone');
    case 'run.unwinding':
      return { ...state, unwinding: event.problem };
    case 'run.committed':
      return { ...state, committed: true };
    case 'run.finished':
      return finish(state, event);
    default:
      return state;
  }
}

/** A step begins only when an unwinding is through, also where a crash kept the run from saying so. */
function openAgain(state: RunState): RunState {
  return state.unwinding ? { ...state, unwinding: null, committed: false } : state;
}

function finish(state: RunState, event: Event & { type: 'run.finished' }): RunState {
  const { outcome, running, exitCode } = event;
  const finished = { outcome, running, exitCode };
  return outcome === 'rolled-back' ? { ...state, finished, unwinding: null, committed: false } : { ...state, finished };
}

function withStep(state: RunState, id: string, step: StepState): RunState {
  return { ...state, steps: new Map(state.steps).set(id, step) };
}

function withPhase(state: RunState, id: string, phase: StepState['phase']): RunState {
  const step = state.steps.get(id);
  if (!step) throw new Error(`the journal speaks of step ${id} before it began`);
  return withStep(state, id, { ...step, phase });
}
