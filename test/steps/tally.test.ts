import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mostDeletions } from '../../src/core/most-deletions.ts';
import type { Root } from '../../src/core/plan.ts';
import { Tally } from '../../src/steps/tally.ts';
import type { PullStats } from '../../src/transfer/pull.ts';
import { samplePlan } from '../cli/sample.ts';

const STATS: PullStats = {
  ...{ files: 0, bytes: 0, wireBytes: 0, deleted: 0, created: 0, tree: null },
  ...{ partial: false, vanished: false, isSpared: false, errors: [] },
};
const [SAMPLE] = samplePlan().roots;
const root = (id: string, changes: Partial<Root> = {}): Root => {
  if (!SAMPLE) throw new Error('a sample without roots');
  return { ...SAMPLE, id, entries: 10_000, bytes: 1, files: null, ...changes };
};
const [LARGE, SMALL] = [root('large'), root('small')];

/** After a pass over everything that saw so many entries besides the root. */
function seen(entries: number, { said = 0, of = SMALL }: { said?: number; of?: Root } = {}): Tally {
  const tally = new Tally([LARGE, SMALL], said);
  tally.note(of, { ...STATS, tree: { entries: entries + 1, bytes: 7 } }, { full: true });
  return tally;
}

describe('how much may go from a root before it looks like an accident (F76)', () => {
  it.each([
    [0, 5],
    [8, 5],
    [12, 6],
    [13, 6],
    [60, 30],
    [100_000, 50_000],
  ])('of %i entries: %i', (entries, most) => {
    expect(mostDeletions({ said: 0, entries })).toBe(most);
    expect(mostDeletions({ said: 7, entries })).toBe(7);
  });

  it('is of what the last pass over everything saw of that root, whatever the Plan and the other roots say', () => {
    const tally = seen(60);
    expect(tally.most(SMALL)).toBe(30);
    expect(tally.most(LARGE)).toBeNull();
    expect(tally.roots()).toEqual([LARGE, { ...SMALL, entries: 61, bytes: 7 }]);
    tally.note(SMALL, { ...STATS, tree: { entries: 1001, bytes: 9 } }, { full: true });
    expect(tally.most(SMALL)).toBe(500);
    expect(tally.roots()).toEqual([LARGE, { ...SMALL, entries: 1001, bytes: 9 }]);
  });

  it('counts single files alone, and not the directory that they lie in', () => {
    const files = root('files', { files: ['a', 'b'], entries: 2 });
    const tally = new Tally([files], 0);
    tally.note(files, { ...STATS, tree: { entries: 2, bytes: 7 } }, { full: true });
    expect(tally.roots()).toEqual([{ ...files, entries: 1, bytes: 7 }]);
  });

  it('is less by what went since bit by bit, until the next pass over everything', () => {
    for (const said of [0, 30]) {
      const tally = seen(60, { said });
      tally.note(SMALL, { ...STATS, deleted: 20 }, { full: false });
      expect(tally.most(SMALL)).toBe(10);
      tally.note(SMALL, { ...STATS, deleted: 10 }, { full: false });
      expect(tally.most(SMALL)).toBe(0);
      tally.note(SMALL, { ...STATS, tree: { entries: 31, bytes: 0 } }, { full: true });
      expect(tally.most(SMALL)).toBe(said === 0 ? 15 : 30);
    }
  });

  it('grows with what came, and is not less by what only came and went', () => {
    const tally = seen(60);
    tally.note(SMALL, { ...STATS, created: 140 }, { full: false });
    expect(tally.most(SMALL)).toBe(100);
    tally.note(SMALL, { ...STATS, deleted: 140 }, { full: false });
    expect(tally.most(SMALL)).toBe(30);
  });

  it('stays what it was after a pass over everything that broke off', () => {
    const tally = seen(60);
    tally.note(SMALL, { ...STATS, deleted: 20 }, { full: true });
    expect(tally.most(SMALL)).toBe(10);
  });

  it('is never negative, and never more than half of the most that there was, beyond a handful', () => {
    const change = fc.record({ deleted: fc.nat(200), created: fc.nat(200) });
    fc.assert(
      fc.property(fc.nat(500), fc.array(change, { maxLength: 20 }), (entries, changes) => {
        const tally = seen(entries);
        let [now, peak] = [entries, entries];
        for (const one of changes) {
          tally.note(SMALL, { ...STATS, ...one }, { full: false });
          now += one.created - one.deleted;
          peak = Math.max(peak, now);
        }
        const most = tally.most(SMALL) ?? -1;
        expect(most).toBeGreaterThanOrEqual(0);
        expect(most).toBeLessThanOrEqual(Math.max(5, peak / 2));
      }),
    );
  });
});
