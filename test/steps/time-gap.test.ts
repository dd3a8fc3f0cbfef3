import { describe, expect, it } from 'vitest';
import { timeGap } from '../../src/steps/time-gap.ts';

const SLEPT_MS = 10_000;

describe('a wait', () => {
  it.each([
    ['that ended early', 1000],
    ['that took as long as it should', 15_000],
    ['that ended a little late, as on a busy machine', 24_999],
    ['during which the clock was put right by a little', -900],
  ])('%s says nothing of a gap', (_, tookMs) => {
    expect(timeGap({ startedMs: 5000, endedMs: 5000 + tookMs, waitMs: 15_000 }, SLEPT_MS)).toBeNull();
  });

  // F83
  it.each([
    [25_000, 'this machine slept, or its clock was set ahead, for 10 s'],
    [3_615_000, 'this machine slept, or its clock was set ahead, for 3600 s'],
    [-1001, 'the clock of this machine was set back by 1 s'],
    [-3_600_000, 'the clock of this machine was set back by 3600 s'],
  ])('that took %d ms is a gap', (tookMs, gap) => {
    expect(timeGap({ startedMs: 5e6, endedMs: 5e6 + tookMs, waitMs: 15_000 }, SLEPT_MS)).toBe(gap);
  });
});
