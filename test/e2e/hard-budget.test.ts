import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { downtimeOf } from '../../src/core/downtime.ts';
import type { TempLab } from '../kit/temp-lab.ts';
import { at, expectRolledBack, tryMove, type Tried } from '../kit/try-move.ts';

// Whole moves, with the waits of gateways that take their time.
vi.setConfig({ testTimeout: 150_000 });

/** The old gateway serves again, for nobody was to be without one for so long; nothing was said by the new one. */
function expectOverBudget(tried: Tried, during: string): void {
  expectRolledBack(tried, 15, 'over-budget');
  expect(tried.verdict.problem?.message).toContain('--max-downtime-hard');
  expect({ old: tried.lab.running('old').length, new: tried.lab.running('new') }).toEqual({ old: 1, new: [] });
  expect(tried.lab.hub.violations()).toEqual([]);
  const begun = tried.events.flatMap((event) => (event.type === 'step.before' ? [event.step] : []));
  expect(begun.at(-1)).toBe(during);
  expect(downtimeOf(tried.events).totalMs).toBeGreaterThan(0);
}

const late = ({ state }: TempLab): string => join(state.stateDir, 'late.bin');

describe('a downtime that would be longer than --max-downtime-hard', () => {
  it('ends while the old gateway takes its time to stop: it is started again', () =>
    tryMove({ runsAs: 'service', traps: { old: { 'slow-stop': 4000 } }, limits: { hardDowntimeMs: 1000 } }, (tried) =>
      expectOverBudget(tried, 'stop-old'),
    ));

  it('ends in the middle of a last pass that takes too long', () =>
    tryMove(
      {
        runsAs: 'service',
        limits: { hardDowntimeMs: 4000, bwlimitKiBps: 300 },
        meanwhile: at('step.before', 'stop-old', (lab) =>
          writeFileSync(late(lab), Buffer.alloc(6_000_000, Math.random().toString())),
        ),
      },
      (tried) => {
        rmSync(late(tried.lab));
        expectOverBudget(tried, 'last-delta');
      },
    ));

  it('ends while the new gateway takes its time to come up, before it has spoken', () =>
    // However long all that comes before it takes, it comes up after the limit, and heeds its end in time.
    tryMove(
      {
        runsAs: 'service',
        traps: { new: { 'slow-start': 12_000 } },
        limits: { hardDowntimeMs: 12_000, stopMs: 20_000 },
      },
      (tried) => expectOverBudget(tried, 'start-quiet'),
    ));
});
