import { describe, expect, it } from 'vitest';
import { dueTurn, isReady, restMs, wholeEveryMs, type Situation } from '../../src/steps/pace.ts';

const NOW = 1_000_000;

/** A healthy watcher, a round long ago, nothing to do. */
function situation(changes: Partial<Situation> = {}): Situation {
  const last = { full: false, startedMs: NOW - 60_000, tookMs: 200, wireBytes: 0, gatheredMs: null };
  return {
    ...{ nowMs: NOW, isWatching: true, isWatchDue: false, last, lastWholeMs: NOW - 60_000 },
    ...{ isPartial: false, isAll: true, pending: 0, repairMs: null, ...changes },
  };
}

/** The last pass, over everything, has just ended; it took so long. */
const whole = (tookMs: number): Partial<Situation> => ({
  last: { full: true, startedMs: NOW - tookMs, tookMs, wireBytes: 0, gatheredMs: null },
  lastWholeMs: NOW,
});

describe('the pace of a following', () => {
  it('is nothing to do as long as nothing is told, and a pass over it when something is', () => {
    expect(dueTurn(situation())).toBeNull();
    expect(dueTurn(situation({ pending: 3 }))).toBe('places');
    expect(dueTurn(situation({ isAll: false }))).toBe('whole');
    expect(dueTurn(situation({ isWatchDue: true }))).toBe('watch');
    expect(dueTurn(situation({ repairMs: 0 }))).toBe('whole');
  });

  it('looks at everything every five minutes, and when the clock was set back', () => {
    expect(dueTurn(situation({ lastWholeMs: NOW - 299_000 }))).toBeNull();
    expect(dueTurn(situation({ lastWholeMs: NOW - 300_000 }))).toBe('whole');
    expect(dueTurn(situation({ lastWholeMs: NOW + 1 }))).toBe('whole');
  });

  it('rests after each round, so that one gap after the other keeps neither machine busy', () => {
    const gap = situation({ isAll: false, ...whole(4000) });
    expect(dueTurn(gap)).toBeNull();
    expect(restMs(gap)).toBe(12_000);
    expect(dueTurn({ ...gap, nowMs: NOW + 12_000 })).toBe('whole');
    expect(restMs(situation(whole(3_600_000)))).toBe(60_000);
    expect(restMs({ ...gap, nowMs: NOW - 1_000_000 })).toBe(12_000);
  });

  it('does not look at everything again and again for what cannot be copied', () => {
    const stuck = situation({ isAll: false, isPartial: true, ...whole(500) });
    expect(dueTurn({ ...stuck, nowMs: NOW + 4999 })).toBeNull();
    expect(dueTurn({ ...stuck, nowMs: NOW + 5000 })).toBe('whole');
    expect(wholeEveryMs(situation({ isPartial: true, ...whole(60_000) }))).toBe(600_000);
    expect(wholeEveryMs(situation({ isWatching: false, ...whole(3_600_000) }))).toBe(1_800_000);
  });

  it('lets a cutover begin when little is left for it, and after a look at everything otherwise', () => {
    expect(isReady(situation({ pending: 20 }))).toBe(true);
    expect(isReady(situation({ pending: 20_000 }))).toBe(false);
    expect(isReady(situation({ isAll: false }))).toBe(false);
    expect(isReady(situation({ isWatching: false, ...whole(100) }))).toBe(true);
    expect(isReady(situation({ isWatching: false, lastWholeMs: NOW - 3_600_000 }))).toBe(false);
  });
});
