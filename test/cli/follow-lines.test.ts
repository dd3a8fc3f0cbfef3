import { describe, expect, it } from 'vitest';
import { followLines } from '../../src/cli/follow-lines.ts';
import { PHASES, type FollowStatus } from '../../src/core/order.ts';

const NOW = Date.parse('2026-11-22T16:04:00.000Z');
const PAPER = { columns: 80, colour: false, live: false, unicode: true };
const STATUS: FollowStatus = {
  ...{ v: 1, pid: 4711, since: '2026-11-22T14:00:00.000Z', phase: 'following', engine: 'watcher', rounds: 1204 },
  ...{ lastRoundAt: '2026-11-22T16:03:57.000Z', lastFullAt: '2026-11-22T16:00:00.000Z', pending: 3 },
  ...{ dirtyBytesPerSecond: 2048, bytesPerSecond: 5_000_000, converged: true, note: null },
  forecast: {
    totalMs: 1900,
    parts: [
      { part: 'last delta', ms: 300 },
      { part: 'stop', ms: 1200 },
    ],
  },
};

function lines(change: Partial<FollowStatus> = {}, columns = 80): string[] {
  return followLines({ ...STATUS, ...change }, { run: '20261122-140000-k3f9', nowMs: NOW }, { ...PAPER, columns });
}

describe('what a neo-pull that follows says of itself', () => {
  it('is a few lines: what it does, how far the copy is behind, what a cutover would cost, and what can be done', () => {
    expect(lines()).toEqual([
      '  Daemon    follows the old machine (watcher; pid 4711, begun 2 h 04 min ago)',
      '  Copy      3 paths to come; 1,204 rounds, the last 3.0 s ago, the last over',
      '            everything 4 min 00 s ago',
      '  Rates     2.0 KiB/s change on the old machine; the line carries 4.8 MiB/s',
      '  Cutover   would be down for about 1.9 s (most of it: stop 1.2 s; last delta',
      '            0.3 s)',
      '',
      'Next:',
      '  neo-pull cutover 20261122-140000-k3f9',
      '      move now; later with --at 03:00 or --when-idle 60s',
      '  neo-pull pause 20261122-140000-k3f9',
      '      leave the old machine alone for a while',
      '  neo-pull stop 20261122-140000-k3f9',
      '      end it; the copy is kept',
    ]);
  });

  it.each(PHASES)('fits one screen of 80 columns and 24 lines while it is %s', (phase) => {
    const all = lines({ phase, note: 'x '.repeat(60) });
    expect(all.length).toBeLessThanOrEqual(18);
    for (const line of all) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('names the way on after a pause or a halt, and none in the middle of a cutover', () => {
    expect(lines({ phase: 'paused' }).join()).toContain('neo-pull continue 20261122-140000-k3f9');
    expect(lines({ phase: 'halted' }).join()).toContain('neo-pull continue');
    expect(lines({ phase: 'cutting-over' })).not.toContain('Next:');
  });

  it('leaves out what it does not know, and obeys nothing in a note', () => {
    const unknown = {
      lastRoundAt: null,
      lastFullAt: null,
      dirtyBytesPerSecond: null,
      bytesPerSecond: null,
      forecast: null,
    };
    const all = lines({ ...unknown, pending: 0, rounds: 1, note: 'gone:\u001b[2J' }).join('\n');
    expect(all).toContain('nothing is known to be missing; 1 round\n');
    expect(all).not.toMatch(/Rates|Cutover {3}|\u001b/);
  });
});
