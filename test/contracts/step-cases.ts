import { afterAll, describe, expect } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { AnyStep, World } from '../../src/core/step.ts';
import { Journey, type JourneyOptions, type Resting, type Stop } from './journey.ts';
import type { Spared } from './spared.ts';
import { describeStep, type StepContract, type StepScene } from './step-contract.ts';
import { without } from './view.ts';

/** One step of the real list, at one place of one journey. */
export interface StepCase extends Resting {
  readonly id: string;
  /** What is special about the world that the step finds. */
  readonly where?: string;
  readonly spares?: readonly Spared[];
  /** Where nothing but time speaks against it, a step is broken off at many places. */
  readonly cuts?: number;
  readonly partials?: Readonly<Record<string, (stop: Stop, before: Json) => Promise<void>>>;
  /** Two names for one place: what `undo` keeps under another name than it found it by. */
  readonly alias?: { readonly from: RegExp; readonly to: string };
  /** Called before each `before`: makes what was undone ready to be done again, unseen. */
  readonly ready?: (stop: Stop) => Promise<void>;
}

const SLOW = process.env['SLOW'] === '1';
const FEW_CUTS = 2;
const MANY_CUTS = 12;

/** Holds the steps of one journey to their contract, in the order of the list. */
export function describeJourney(name: string, options: JourneyOptions, cases: readonly StepCase[]): void {
  describe(name, () => {
    const journey = new Journey(options);
    afterAll(async () => {
      expect(await journey.end(), 'two gateways spoke on one identity').toEqual([]);
    });
    for (const one of cases) {
      const title = one.where === undefined ? one.id : `${one.id}, ${one.where}`;
      describeStep(title, new CaseContract(journey, one));
    }
  });
}

class CaseContract implements StepContract {
  readonly cuts: number;
  readonly timeoutMs = SLOW ? 900_000 : 60_000;
  readonly partials: NonNullable<StepContract['partials']>;
  readonly #journey: Journey;
  readonly #case: StepCase;
  #stop: Stop | null = null;

  constructor(journey: Journey, one: StepCase) {
    this.#journey = journey;
    this.#case = one;
    this.cuts = Math.max(one.cuts ?? FEW_CUTS, SLOW ? MANY_CUTS : 0);
    this.partials = Object.fromEntries(
      Object.entries(one.partials ?? {}).map(([what, make]) => [what, (_, before) => make(this.#rest(), before)]),
    );
  }

  get canaries(): readonly string[] {
    return this.#rest().canaries;
  }

  async make(): Promise<StepScene> {
    const stop = (this.#stop = await this.#journey.restBefore(this.#case.id, this.#case));
    const step = (): AnyStep => this.#readied(stop);
    // The next one who comes to see the machines finds them put back.
    return {
      step: step(),
      fresh: step,
      world: stop.world,
      snapshot: () => this.#snapshot(stop),
      dispose: () => Promise.resolve(),
    };
  }

  #readied(stop: Stop): AnyStep {
    const step = stop.step();
    const { ready } = this.#case;
    if (!ready) return step;
    const before = async (world: World): Promise<unknown> => {
      await ready(stop);
      return step.before(world);
    };
    return { ...step, before };
  }

  async #snapshot(stop: Stop): Promise<string> {
    const { spares = [], alias } = this.#case;
    const seen = without(
      await stop.view(),
      spares.map(({ lines }) => lines),
    );
    return seen
      .map((line) => (alias ? line.replaceAll(alias.from, alias.to) : line))
      .sort()
      .join('\n');
  }

  #rest(): Stop {
    if (!this.#stop) throw new Error('no scene was made');
    return this.#stop;
  }
}
