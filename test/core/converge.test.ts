import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convergenceOf, forecastOf, learn, type Known, type Round } from '../../src/core/converge.ts';

/** A line, a writer and a tree, as the model of them has it: what the rounds of a following would be, second by second. */
interface World {
  readonly lineBytesPerSecond: number;
  readonly dirtBytesPerSecond: number;
  readonly scanMs: number;
  readonly totalBytes: number;
}

/** Rounds as they would go: each brings what gathered since the start of the one before, at the speed of the line. `noise` per round. */
function simulated(world: World, noise: readonly number[]): { rounds: Round[]; lastMs: number } {
  const rounds: Round[] = [];
  let [nowMs, bytes] = [0, world.totalBytes];
  const took = (wireBytes: number, factor: number): number =>
    (world.scanMs + (wireBytes * 1000) / world.lineBytesPerSecond) * factor;
  for (const factor of noise) {
    const before = rounds.at(-1);
    const tookMs = took(bytes, factor);
    rounds.push({
      full: true,
      startedMs: nowMs,
      tookMs,
      wireBytes: bytes,
      gatheredMs: before ? nowMs - before.startedMs : null,
    });
    // The next begins when there is something to do; what gathers meanwhile is what it brings.
    const startedMs = nowMs + tookMs + 500;
    bytes = ((startedMs - nowMs) * world.dirtBytesPerSecond) / 1000;
    nowMs = startedMs;
  }
  const gathered = (500 * world.dirtBytesPerSecond) / 1000;
  return { rounds, lastMs: took(gathered, 1) };
}

const KNOWN: Known = { steps: new Map(), entries: 1000, bytes: 1e6, lastIsFull: true, gatheringMs: 500 };

function copyOf(rounds: readonly Round[], known: Partial<Known> = {}): number {
  return forecastOf(learn(rounds), { ...KNOWN, ...known }).parts.find(({ part }) => part === 'copy')?.ms ?? Number.NaN;
}

describe('the forecast of a cutover', () => {
  it('is within 30 % of the last pass for nearly every line, writer and tree of a thousand that it was not made for', () => {
    const world = fc.record({
      lineBytesPerSecond: fc.integer({ min: 200_000, max: 200_000_000 }),
      scanMs: fc.integer({ min: 150, max: 5000 }),
      totalBytes: fc.integer({ min: 10_000_000, max: 4_000_000_000 }),
      share: fc.double({ min: 0.001, max: 0.4, noNaN: true }),
      noise: fc.array(fc.double({ min: 0.92, max: 1.08, noNaN: true }), { minLength: 5, maxLength: 12 }),
    });
    const ratios = fc.sample(world, { numRuns: 1000, seed: 20261125 }).map(({ share, noise, ...line }) => {
      const { rounds, lastMs } = simulated({ ...line, dirtBytesPerSecond: line.lineBytesPerSecond * share }, noise);
      return copyOf(rounds) / lastMs;
    });
    const near = ratios.filter((ratio) => ratio > 0.7 && ratio < 1.3).length;
    console.log(`forecast of the last pass: ${String(near)} of 1000 within 30 %`);
    expect(near).toBeGreaterThanOrEqual(980);
  });

  it('takes what an earlier cutover took in place of what is usual, and says which it is', () => {
    const steps = new Map([
      ['stop-old', 900],
      ['fence-old', 100],
      ['doctor', 12_000],
    ]);
    const { parts, totalMs } = forecastOf(learn([]), { ...KNOWN, steps });
    expect(parts.find(({ part }) => part === 'stop')).toEqual({ part: 'stop', ms: 1000, isLearned: true });
    expect(parts.find(({ part }) => part === 'doctor')).toEqual({ part: 'doctor', ms: 12_000, isLearned: true });
    expect(parts.find(({ part }) => part === 'start')).toMatchObject({ isLearned: false });
    expect(parts.find(({ part }) => part === 'copy')).toMatchObject({ isLearned: false });
    expect(totalMs).toBe(parts.reduce((sum, { ms }) => sum + ms, 0));
  });

  it('does not let the size of the tree into the last pass when only what was told is looked at', () => {
    const whole: Round = { full: true, startedMs: 0, tookMs: 60_000, wireBytes: 1000, gatheredMs: null };
    const told: Round = { full: false, startedMs: 70_000, tookMs: 300, wireBytes: 1000, gatheredMs: 1000 };
    expect(copyOf([whole, told], { lastIsFull: false })).toBeLessThan(500);
    expect(copyOf([whole, told], { lastIsFull: true })).toBeGreaterThanOrEqual(60_000);
  });
});

describe('rounds have converged', () => {
  it('when the forecast is within the budget, when a round gains less than a tenth, and after five', () => {
    expect(convergenceOf([], 1000)).toEqual({ converged: false, why: null });
    expect(convergenceOf([9000, 4000], null)).toEqual({ converged: false, why: null });
    expect(convergenceOf([9000, 900], 1000)).toEqual({ converged: true, why: 'within-budget' });
    expect(convergenceOf([9000, 8500], 1000)).toEqual({ converged: true, why: 'no-gain' });
    expect(convergenceOf([9000, 9500], null)).toEqual({ converged: true, why: 'no-gain' });
    expect(convergenceOf([90, 80, 70, 60, 50], 1)).toEqual({ converged: true, why: 'enough-rounds' });
  });
});
