import fc from 'fast-check';
import type { EventBody } from '../../src/core/event.ts';
import { fail, ProblemError } from '../../src/core/problem.ts';
import type { RunState } from '../../src/core/run-state.ts';
import type { AnyStep, World } from '../../src/core/step.ts';
import type { advance, RunnerContext, unwind } from '../../src/run/runner.ts';

/** The runner, or a spoilt one. */
export interface Runner {
  readonly advance: typeof advance;
  readonly unwind: typeof unwind;
}

/** One part of an `apply`: it sets a cell, or makes it that much more than it was before the step. */
interface Part {
  readonly cell: number;
  readonly value: number;
  readonly adds: boolean;
}

interface StepShape {
  readonly parts: readonly Part[];
  /** How many calls fail in their middle, over all processes, until they no longer do. */
  readonly applyFails: number;
  readonly undoFails: number;
  readonly guards: boolean;
}

/** One process: what it is started for, and after how many crash points it dies (null: it lives). */
interface Visit {
  readonly order: 'advance' | 'sync' | 'unwind' | 'drift';
  readonly diesAfter: number | null;
  /** Where a line that is being written tears. */
  readonly tearsAt: number;
}

export interface Scenario {
  readonly cells: readonly number[];
  readonly steps: readonly StepShape[];
  /** So many of the first steps are staging: `sync` applies them again. */
  readonly staged: number;
  /** Do steps share cells, so that each builds on what the one before it made? */
  readonly shared: boolean;
  readonly visits: readonly Visit[];
  readonly end: 'advance' | 'unwind';
}

const part = fc.record({ cell: fc.nat({ max: 3 }), value: fc.integer({ min: 1, max: 9 }), adds: fc.boolean() });
const stepShape = fc.record({
  parts: fc.uniqueArray(part, { minLength: 1, maxLength: 3, selector: ({ cell }) => cell }),
  applyFails: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
  ),
  undoFails: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
  ),
  guards: fc.boolean(),
});
const visit = fc.record({
  order: fc.constantFrom('advance', 'advance', 'sync', 'unwind', 'unwind', 'drift'),
  diesAfter: fc.option(fc.nat({ max: 70 }), { freq: 6 }),
  tearsAt: fc.nat({ max: 400 }),
});

/** Random steps, and a random history of processes that advance, unwind, and die at any point. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  cells: fc.array(fc.integer({ min: 100, max: 999 }), { minLength: 20, maxLength: 20 }),
  steps: fc.array(stepShape, { minLength: 1, maxLength: 5 }),
  staged: fc.nat({ max: 2 }),
  shared: fc.boolean(),
  visits: fc.array(visit, { maxLength: 6 }),
  end: fc.constantFrom('advance', 'unwind'),
});

/** The Journal as the model sees it: reopened by each process, and torn where a process dies while it writes. */
export interface ModelJournal {
  open(): Promise<OpenJournal>;
  dispose(): Promise<void>;
}

export interface OpenJournal {
  state(): RunState;
  append(body: EventBody): Promise<void>;
  /** A crash in the middle of the write: so many bytes of the line (modulo its length) reach the disk. */
  tear(body: EventBody, bytes: number): Promise<void>;
}

/** One process, which dies at its n-th crash point: from then on nothing it awaits ever comes, as with kill -9. */
class Mortal {
  readonly death: Promise<'died'>;
  #left: number | null;
  #die: (how: 'died') => void = () => undefined;
  #isDead = false;

  constructor(diesAfter: number | null) {
    this.#left = diesAfter;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  /** A place at which the process may die; `lastAct` is what it just manages to do. */
  async point(lastAct: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    if (!this.#isDead && this.#left !== 0) {
      if (this.#left !== null) this.#left -= 1;
      return;
    }
    if (!this.#isDead) {
      this.#isDead = true;
      await lastAct();
      this.#die('died');
    }
    await new Promise<never>(() => undefined);
  }
}

/** Lives through a scenario, and throws when its end is not what the law demands. */
export class CrashModel {
  readonly #scenario: Scenario;
  readonly #runner: Runner;
  readonly #journal: ModelJournal;
  /** The world that steps change; survives every process. */
  readonly #cells: number[];
  /** What an unwinding has to restore. */
  #origin: readonly number[];
  readonly #applyFails: number[];
  readonly #undoFails: number[];

  constructor(scenario: Scenario, runner: Runner, journal: ModelJournal) {
    this.#scenario = scenario;
    this.#runner = runner;
    this.#journal = journal;
    this.#cells = [...scenario.cells];
    this.#origin = [...scenario.cells];
    this.#applyFails = scenario.steps.map(({ applyFails }) => applyFails);
    this.#undoFails = scenario.steps.map(({ undoFails }) => undoFails);
  }

  async live(): Promise<void> {
    for (const each of this.#scenario.visits) {
      const process = new Mortal(each.diesAfter);
      await Promise.race([this.#visit(each, process), process.death]);
    }
    // Every failure above is used up after so many more tries.
    const tries = [...this.#applyFails, ...this.#undoFails].reduce((sum, each) => sum + each, 2);
    for (let left = tries; left > 0; left -= 1) {
      if (await this.#visit({ order: this.#scenario.end, diesAfter: null, tearsAt: 0 }, new Mortal(null))) break;
    }
    await this.#judge();
  }

  /** One process from start to end; true when it did what it was started for. */
  async #visit({ order, tearsAt }: Visit, process: Mortal): Promise<boolean> {
    const journal = await this.#journal.open();
    const context = this.#context(journal, process, tearsAt);
    const steps = this.#scenario.steps.map((shape, index) => this.#step(shape, index, process));
    if (order === 'unwind') return this.#unwind(steps, context);
    if (order === 'drift') return this.#drift(context);
    const syncs = order === 'sync';
    if (syncs && !this.#isUntouched(context, this.#scenario.staged)) return false;
    try {
      if (syncs) await this.#runner.advance(steps.slice(0, this.#scenario.staged), context, { again: true });
      else await this.#runner.advance(steps, context);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof ProblemError)) throw thrown;
      await this.#unwind(steps, context);
      return false;
    }
  }

  async #unwind(steps: readonly AnyStep[], context: RunnerContext): Promise<boolean> {
    const was = context.state().steps;
    const { failures, stoppedAt } = await this.#runner.unwind(steps, context);
    const guard = steps.findIndex(({ id }) => id === stoppedAt);
    const below = steps.slice(0, Math.max(guard, 0));
    for (const { id } of below) {
      if (context.state().steps.get(id)?.phase !== was.get(id)?.phase)
        throw new Error(`${id} was undone below a guard`);
    }
    return failures.length === 0 && stoppedAt === null;
  }

  /** While nothing of ours stands, somebody else changes the world: a new attempt must see it with new eyes. */
  #drift(context: RunnerContext): boolean {
    if (!this.#isUntouched(context, 0)) return false;
    for (const [index, value] of this.#cells.entries()) this.#cells[index] = value + 1000;
    this.#origin = [...this.#cells];
    return true;
  }

  #isUntouched({ state }: RunnerContext, from: number): boolean {
    return this.#scenario.steps.slice(from).every((_, index) => {
      const phase = state().steps.get(stepId(from + index))?.phase;
      return phase === undefined || phase === 'undone';
    });
  }

  async #judge(): Promise<void> {
    const { steps, end } = this.#scenario;
    const expected = [...this.#origin];
    if (end === 'advance') for (const [index, shape] of steps.entries()) this.#assign(expected, shape, index);
    if (expected.join() !== this.#cells.join()) {
      throw new Error(`after ${end} the world is [${this.#cells.join()}], not [${expected.join()}]`);
    }
    const state = (await this.#journal.open()).state();
    const phases = [...state.steps.values()].map(({ phase }) => phase);
    const wanted = end === 'advance' ? 'applied' : 'undone';
    if (phases.some((phase) => phase !== wanted)) throw new Error(`after ${end} the journal says ${phases.join()}`);
  }

  #assign(cells: number[], shape: StepShape, index: number): void {
    const was = [...cells];
    for (const each of shape.parts) {
      const at = this.#cellOf(each, index);
      cells[at] = each.adds ? (was[at] ?? 0) + each.value : each.value;
    }
  }

  #cellOf({ cell }: Part, index: number): number {
    return this.#scenario.shared ? cell : index * 4 + cell;
  }

  #step(shape: StepShape, index: number, process: Mortal): AnyStep {
    const cellsOf = shape.parts.map((each) => this.#cellOf(each, index));
    // Where steps build on each other, none below one that stands may be undone.
    const guards = shape.guards || (this.#scenario.shared && shape.undoFails > 0);
    return {
      id: stepId(index),
      title: `Step ${index}`,
      touches: 'new',
      guards,
      before: async () => {
        await process.point();
        const before = cellsOf.map((at) => this.#cells[at] ?? 0);
        await process.point();
        return before;
      },
      apply: async (_world, before: number[]) => {
        for (const [nth, each] of shape.parts.entries()) {
          await process.point();
          this.#cells[cellsOf[nth] ?? 0] = each.adds ? (before[nth] ?? 0) + each.value : each.value;
          if (nth === 0) countDown(this.#applyFails, index);
        }
        await process.point();
      },
      undo: async (_world, before: number[]) => {
        for (const [nth, at] of [...cellsOf.entries()].reverse()) {
          await process.point();
          this.#cells[at] = before[nth] ?? 0;
          if (nth === cellsOf.length - 1) countDown(this.#undoFails, index);
        }
        await process.point();
      },
    };
  }

  #context(journal: OpenJournal, process: Mortal, tearsAt: number): RunnerContext {
    const emit = async (body: EventBody): Promise<void> => {
      await process.point();
      await process.point(() => journal.tear(body, tearsAt));
      await journal.append(body);
      await process.point();
    };
    return { world: modelWorld(emit), state: () => journal.state() };
  }
}

/** A world of which only `emit` can be used. */
export function modelWorld(emit: World['emit'], signal = new AbortController().signal): World {
  const nowhere = (): never => {
    throw new Error('this step has no business with machines');
  };
  const host = { label: 'no machine', spawn: nowhere, close: () => Promise.resolve() };
  return {
    old: host,
    new: host,
    clock: { now: nowhere, sleep: nowhere },
    emit,
    signal,
    run: { id: 'r', path: '/nowhere' },
  };
}

function stepId(index: number): string {
  return `step-${index}`;
}

function countDown(counts: number[], index: number): void {
  const left = counts[index] ?? 0;
  if (left === 0) return;
  counts[index] = left - 1;
  throw fail('command-failed', { message: `Step ${index} fails in its middle.`, hint: 'This is a test.' });
}
