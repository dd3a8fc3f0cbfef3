import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunState, StepState } from '../../src/core/run-state.ts';
import { advance, unwind, type RunnerContext } from '../../src/run/runner.ts';
import { CrashModel, scenarios, type ModelJournal, type Runner } from './crash-model.ts';
import { fileJournal, memoryJournal } from './model-journals.ts';

const RUNNER: Runner = { advance, unwind };
const SCHEDULES = process.env['SLOW'] === '1' ? 20_000 : 2000;

function holds(runner: Runner, journal: () => ModelJournal | Promise<ModelJournal>): fc.IAsyncProperty<unknown> {
  return fc.asyncProperty(scenarios, async (scenario) => {
    const disk = await journal();
    try {
      await new CrashModel(scenario, runner, disk).live();
    } finally {
      await disk.dispose();
    }
  });
}

// F1, F2, F3: the runner's half of them; the programs' half is played with real processes.
describe('after any schedule of crashes, going forward ends in the new state and going back in the old one', () => {
  it(`over ${SCHEDULES} schedules`, { timeout: 600_000 }, async () => {
    await fc.assert(holds(RUNNER, memoryJournal), { numRuns: SCHEDULES });
  });

  it('with the real Journal on a real disk', { timeout: 600_000 }, async () => {
    await fc.assert(holds(RUNNER, fileJournal), { numRuns: SCHEDULES / 20 });
  });
});

describe('the property sees a runner that', () => {
  const spoilt: Record<string, Runner> = {
    'reads before again after a crash': through((context) => forgetting(context, 'begun')),
    'keeps the before of an attempt that was undone': through((context) => taking(context, 'undone', 'begun')),
    'takes a step that had only begun for applied': through((context) => taking(context, 'begun', 'applied')),
    'takes a step that is half undone for undone': through((context) => taking(context, 'undoing', 'undone')),
    'writes down what it did, not what it is about to do': { advance: writeBehind, unwind },
    'undoes in the order of doing': { advance, unwind: (steps, context) => unwind(steps.toReversed(), context) },
  };

  it.each(Object.entries(spoilt))('%s', { timeout: 60_000 }, async (_what, runner) => {
    const details = await fc.check(holds(runner, memoryJournal), { numRuns: 2000, seed: 2026, endOnFailure: true });
    expect(details.failed).toBe(true);
    expect(String(details.errorInstance)).toMatch(/the world is/);
  });
});

function through(see: (context: RunnerContext) => RunnerContext): Runner {
  return {
    advance: (steps, context, options) => advance(steps, see(context), options),
    unwind: (steps, context) => unwind(steps, see(context)),
  };
}

/** The runner's eyes when it starts miss steps of this phase; what it does itself it sees. */
function forgetting(context: RunnerContext, phase: StepState['phase']): RunnerContext {
  const missed = new Map([...context.state().steps].filter(([, step]) => step.phase === phase));
  return seeing(context, (id, step) => (missed.get(id) === step ? null : step));
}

function taking(context: RunnerContext, phase: StepState['phase'], as: StepState['phase']): RunnerContext {
  const mistaken = new Map([...context.state().steps].filter(([, step]) => step.phase === phase));
  return seeing(context, (id, step) => (mistaken.get(id) === step ? { ...step, phase: as } : step));
}

function seeing(context: RunnerContext, see: (id: string, step: StepState) => StepState | null): RunnerContext {
  const state = (): RunState => {
    const steps = [...context.state().steps].flatMap(([id, step]) => {
      const seen = see(id, step);
      return seen ? [[id, seen] as const] : [];
    });
    return { ...context.state(), steps: new Map(steps) };
  };
  return { ...context, state };
}

async function writeBehind(...[steps, context]: Parameters<typeof advance>): Promise<void> {
  for (const step of steps) {
    const known = context.state().steps.get(step.id);
    if (known?.phase === 'applied') continue;
    const before = (known && known.phase !== 'undone' ? known.before : await step.before(context.world)) as number[];
    await step.apply(context.world, before);
    await context.world.emit({ type: 'step.before', step: step.id, title: step.title, before });
    await context.world.emit({ type: 'step.applied', step: step.id });
  }
}
