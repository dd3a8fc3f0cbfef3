import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { AnyStep, World } from '../../src/core/step.ts';
import { Tripwire, type Cut } from './tripwire.ts';

/** A step, in a world in which it can be applied, made for one test. */
export interface StepScene {
  readonly step: AnyStep;
  readonly world: World;
  /** All that the step may change, as text: equal texts are equal worlds. Must not name what may differ (pids, times of changes). */
  snapshot(): Promise<string>;
  dispose(): Promise<void>;
  /** The same step as another process would make it; without it, the one object is used throughout. */
  fresh?(): AnyStep;
}

export interface StepContract {
  make(): Promise<StepScene>;
  /** Secrets that lie in the world; none may turn up in `before` or in what is told. */
  readonly canaries: readonly string[];
  /** Half-done states that no cut of ours produces, by name: each is called in place of `apply`. */
  readonly partials?: Readonly<Record<string, (scene: StepScene, before: Json) => Promise<void>>>;
  /** How many places `apply` and `undo` are broken off at, at most; spread evenly, so that one alone is in the middle. */
  readonly cuts?: number;
  readonly timeoutMs?: number;
}

/** One law that every Step keeps. `hold` rejects, saying what was seen, when the step does not keep it. */
export interface StepLaw {
  readonly title: string;
  hold(contract: StepContract): Promise<void>;
}

const MOST_BEFORE_BYTES = 4096;

/** The laws of a Step (src/core/step.ts), each for itself. */
export const STEP_LAWS: readonly StepLaw[] = [
  { title: 'before changes nothing and sees the same twice', hold: (contract) => inScene(contract, beforeOnlyLooks) },
  { title: 'before is small JSON without secrets', hold: (contract) => inScene(contract, beforeIsSmall) },
  { title: 'what it tells holds no secret', hold: (contract) => inScene(contract, tellsNoSecret) },
  { title: 'apply twice is apply once', hold: (contract) => inScene(contract, applyTwice) },
  { title: 'undo after apply restores, and twice is once', hold: (contract) => inScene(contract, undoTwice) },
  {
    title: 'undo without apply changes nothing, and twice is once',
    hold: (contract) => inScene(contract, undoWithoutApply),
  },
  { title: 'undo after a broken apply restores', hold: (contract) => inScene(contract, undoAfterBrokenApply) },
  { title: 'undo after each named half-done state restores', hold: (contract) => inScene(contract, undoAfterPartials) },
  { title: 'apply after a broken apply completes it', hold: (contract) => inScene(contract, applyAfterBrokenApply) },
  { title: 'undo after a broken undo restores', hold: (contract) => inScene(contract, undoAfterBrokenUndo) },
];

/** Holds a Step to its contract: one test a law. */
export function describeStep(name: string, contract: StepContract): void {
  describe(`the contract of a Step: ${name}`, () => {
    for (const law of STEP_LAWS) it(law.title, { timeout: contract.timeoutMs ?? 60_000 }, () => law.hold(contract));
  });
}

type Trial = (scene: StepScene, contract: StepContract) => Promise<void>;

async function inScene(contract: StepContract, trial: Trial): Promise<void> {
  const scene = await contract.make();
  try {
    await trial(scene, contract);
  } finally {
    await scene.dispose();
  }
}

async function beforeOnlyLooks(scene: StepScene): Promise<void> {
  const was = await scene.snapshot();
  const first = await takeBefore(scene);
  expect(await takeBefore(scene), 'two looks at the same world differ').toEqual(first);
  expect(await scene.snapshot(), 'before() changed something').toBe(was);
}

async function beforeIsSmall(scene: StepScene, { canaries }: StepContract): Promise<void> {
  const before = (await stepOf(scene).before(scene.world)) as Json;
  const text = JSON.stringify(before);
  expect(JSON.parse(text), 'before is not the same through JSON').toStrictEqual(before);
  expect(Buffer.byteLength(text), 'before is large').toBeLessThan(MOST_BEFORE_BYTES);
  expectNoSecret(text, canaries);
}

async function tellsNoSecret(scene: StepScene, { canaries }: StepContract): Promise<void> {
  const wire = new Tripwire(null);
  await wire.around(scene.world, async (world) => {
    const before = throughJson((await stepOf(scene).before(world)) as Json);
    await stepOf(scene).apply(world, before);
    await stepOf(scene).undo(world, before);
  });
  expectNoSecret(JSON.stringify(wire.told), canaries);
}

async function applyTwice(scene: StepScene): Promise<void> {
  const before = await takeBefore(scene);
  await apply(scene, before);
  const once = await scene.snapshot();
  await apply(scene, before);
  expect(await scene.snapshot(), 'the second apply changed something').toBe(once);
}

async function undoTwice(scene: StepScene): Promise<void> {
  const was = await scene.snapshot();
  const before = await takeBefore(scene);
  await apply(scene, before);
  await expectUndone(scene, before, was, 'undo after apply');
  await expectUndone(scene, before, was, 'the second undo');
}

async function undoWithoutApply(scene: StepScene): Promise<void> {
  const was = await scene.snapshot();
  const before = await takeBefore(scene);
  await expectUndone(scene, before, was, 'undo without apply');
  await expectUndone(scene, before, was, 'the second undo without apply');
}

async function undoAfterBrokenApply(scene: StepScene, contract: StepContract): Promise<void> {
  const was = await scene.snapshot();
  for (const cut of await cutsOf(scene, contract, 'apply')) {
    const before = await takeBefore(scene);
    await broken(scene, cut, (world) => stepOf(scene).apply(world, before));
    await expectUndone(scene, before, was, `undo after an apply cut ${cut.when} its operation ${cut.at}`);
  }
}

async function undoAfterPartials(scene: StepScene, { partials = {} }: StepContract): Promise<void> {
  const was = await scene.snapshot();
  for (const [name, makePartial] of Object.entries(partials)) {
    const before = await takeBefore(scene);
    await makePartial(scene, before);
    await expectUndone(scene, before, was, `undo after ${name}`);
  }
}

async function applyAfterBrokenApply(scene: StepScene, contract: StepContract): Promise<void> {
  const was = await scene.snapshot();
  const first = await takeBefore(scene);
  await apply(scene, first);
  const done = await scene.snapshot();
  await expectUndone(scene, first, was, 'undo after apply');
  for (const cut of await cutsOf(scene, contract, 'apply')) {
    const before = await takeBefore(scene);
    await broken(scene, cut, (world) => stepOf(scene).apply(world, before));
    await apply(scene, before);
    expect(await scene.snapshot(), `apply again after it was cut ${cut.when} its operation ${cut.at}`).toBe(done);
    await expectUndone(scene, before, was, 'undo after apply');
  }
}

async function undoAfterBrokenUndo(scene: StepScene, contract: StepContract): Promise<void> {
  const was = await scene.snapshot();
  for (const cut of await cutsOf(scene, contract, 'undo')) {
    const before = await takeBefore(scene);
    await apply(scene, before);
    await broken(scene, cut, (world) => stepOf(scene).undo(world, before));
    await expectUndone(scene, before, was, `undo again after it was cut ${cut.when} its operation ${cut.at}`);
  }
}

/** Where to break off. */
async function cutsOf(scene: StepScene, contract: StepContract, what: 'apply' | 'undo'): Promise<readonly Cut[]> {
  const { cuts = 12 } = contract;
  const counts = lengths.get(contract) ?? (await measure(scene));
  lengths.set(contract, counts);
  const count = counts[what];
  const places = Math.min(count, cuts);
  const chosen = Array.from({ length: places }, (_, place) => 1 + Math.floor(((place + 0.5) * count) / places));
  return chosen.flatMap((at) => [{ at, when: 'before' } as const, { at, when: 'after' } as const]);
}

interface Lengths {
  readonly apply: number;
  readonly undo: number;
}

/** Of each contract, once measured: its scenes are all alike. */
const lengths = new WeakMap<StepContract, Lengths>();

/** Counts the operations of one clean round, and leaves the world as it was. */
async function measure(scene: StepScene): Promise<Lengths> {
  const before = await takeBefore(scene);
  const wires = { apply: new Tripwire(null), undo: new Tripwire(null) };
  await wires.apply.around(scene.world, (world) => stepOf(scene).apply(world, before));
  await wires.undo.around(scene.world, (world) => stepOf(scene).undo(world, before));
  return { apply: wires.apply.count, undo: wires.undo.count };
}

/** Acts in a world that breaks off; a step that gets by without what was cut off may even succeed. */
async function broken(scene: StepScene, cut: Cut, act: (world: World) => Promise<void>): Promise<void> {
  await new Tripwire(cut).around(scene.world, act).catch(() => undefined);
}

async function expectUndone(scene: StepScene, before: Json, was: string, what: string): Promise<void> {
  await stepOf(scene).undo(scene.world, throughJson(before));
  expect(await scene.snapshot(), `${what} does not restore`).toBe(was);
}

async function apply(scene: StepScene, before: Json): Promise<void> {
  await stepOf(scene).apply(scene.world, throughJson(before));
}

async function takeBefore(scene: StepScene): Promise<Json> {
  return throughJson((await stepOf(scene).before(scene.world)) as Json);
}

function stepOf(scene: StepScene): AnyStep {
  return scene.fresh?.() ?? scene.step;
}

function throughJson(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function expectNoSecret(text: string, canaries: readonly string[]): void {
  for (const canary of canaries)
    expect(text.includes(canary), `the secret ${canary.slice(0, 4)}... is told`).toBe(false);
}
