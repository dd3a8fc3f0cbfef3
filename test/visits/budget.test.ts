import { describe, expect, it } from 'vitest';
import type { Event, EventBody } from '../../src/core/event.ts';
import { problemOf } from '../../src/core/problem.ts';
import { EMPTY_RUN } from '../../src/core/run-state.ts';
import type { World } from '../../src/core/step.ts';
import { isoTime } from '../../src/core/timestamp.ts';
import { budgeted } from '../../src/visits/budget.ts';
import type { Visit } from '../../src/visits/visit.ts';
import { samplePlan } from '../cli/sample.ts';

const START_MS = Date.parse('2026-01-02T03:04:05Z');

/** Time that passes when it is told to. */
class HandClock {
  #nowMs = START_MS;
  readonly #waiting = new Set<{ untilMs: number; wake: () => void }>();

  readonly now = (): number => this.#nowMs;

  readonly sleep = (waitMs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const one = { untilMs: this.#nowMs + waitMs, wake: resolve };
      this.#waiting.add(one);
      signal?.addEventListener('abort', () => {
        this.#waiting.delete(one);
        reject(signal.reason as Error);
      });
    });

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const one of this.#waiting) if (one.untilMs <= this.#nowMs) one.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Trial {
  readonly clock: HandClock;
  readonly world: World;
  readonly told: EventBody[];
  readonly visit: (...earlier: readonly [EventBody['type'], number][]) => Visit;
}

function trial(hardDowntimeMs: number | null): Trial {
  const clock = new HandClock();
  const told: EventBody[] = [];
  const sample = samplePlan();
  const plan = { ...sample, limits: { ...sample.limits, hardDowntimeMs } };
  const emit = (event: EventBody): Promise<void> => Promise.resolve(void told.push(event));
  const world = { clock, emit, signal: new AbortController().signal } as unknown as World;
  return {
    clock,
    world,
    told,
    visit: (...earlier) => {
      const events = earlier.map(([type, agoMs]) => ({ type, ts: isoTime(START_MS - agoMs) }) as Event);
      return { journal: { events, state: { ...EMPTY_RUN, plan } } } as unknown as Visit;
    },
  };
}

const DOWN = { type: 'run.down' } as EventBody;

function isOver({ world }: { world: World }): boolean {
  const { aborted, reason } = world.signal as { aborted: boolean; reason: unknown };
  return aborted && problemOf(reason).code === 'over-budget';
}

describe('the hard budget of a downtime', () => {
  it('begins when the gateway goes down, and not before; what is told is told as ever', async () => {
    const { clock, world, told, visit } = trial(5000);
    const budget = budgeted(visit(), world);
    await clock.pass(60_000);
    expect(isOver(budget)).toBe(false);
    await budget.world.emit(DOWN);
    expect(told).toEqual([DOWN]);
    await clock.pass(4999);
    expect(isOver(budget)).toBe(false);
    await clock.pass(1);
    expect(isOver(budget)).toBe(true);
  });

  it('of a run that is resumed has been running all the while, as its journal says', async () => {
    const { clock, world, visit } = trial(5000);
    const resumed = budgeted(visit(['run.down', 4000]), world);
    await clock.pass(999);
    expect(isOver(resumed)).toBe(false);
    await clock.pass(1);
    expect(isOver(resumed)).toBe(true);
    const late = budgeted(visit(['run.down', 60_000]), world);
    await clock.pass(0);
    expect(isOver(late)).toBe(true);
  });

  it('does not count an earlier downtime that is over', async () => {
    const { clock, world, visit } = trial(5000);
    const budget = budgeted(visit(['run.down', 90_000], ['run.up', 80_000]), world);
    await clock.pass(10_000);
    expect(isOver(budget)).toBe(false);
  });

  it('is that of the gateway that is down the longest, where several move together', async () => {
    const { clock, world, visit } = trial(5000);
    const own = visit(['run.down', 1000]);
    const budget = budgeted(own, world, [own, visit(['run.down', 4000]), visit()]);
    await clock.pass(1000);
    expect(isOver(budget)).toBe(true);
  });

  it('is nothing to anybody after the commit, and where none was given', async () => {
    const limited = trial(5000);
    const budget = budgeted(limited.visit(['run.down', 4000]), limited.world);
    budget.dispose();
    await limited.clock.pass(60_000);
    expect(isOver(budget)).toBe(false);
    const free = trial(null);
    expect(budgeted(free.visit(['run.down', 4000]), free.world).world).toBe(free.world);
  });
});
