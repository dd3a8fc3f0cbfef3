import { describe, expect, it } from 'vitest';
import type { Event, EventBody } from '../../src/core/event.ts';
import { problem } from '../../src/core/problem.ts';
import { isoTime } from '../../src/core/timestamp.ts';
import { knownParts } from '../../src/visits/follow.ts';

const FAILED = problem('interrupted', { message: 'It was ended.', hint: 'Try again.' });

/** A journal of events, each so many seconds after the beginning. */
function journal(...told: readonly (readonly [number, EventBody])[]): Event[] {
  return told.map(([seconds, body], at) => ({ v: 1, seq: at + 1, ts: isoTime(seconds * 1000), run: 'r', ...body }));
}

const before = (step: string): EventBody => ({ type: 'step.before', step, title: step, before: null });
const applied = (step: string): EventBody => ({ type: 'step.applied', step });

describe('what an earlier cutover has taught', () => {
  it('is the way forward of one that was taken back, and not the way back', () => {
    const parts = knownParts(
      journal(
        [0, { type: 'run.down' }],
        [2, applied('stop-old')],
        [2, before('last-delta')],
        [3, applied('last-delta')],
        [3, before('start-quiet')],
        [7, applied('start-quiet')],
        [7, { type: 'run.unwinding', problem: FAILED }],
        [20, { type: 'step.undone', step: 'stop-old' }],
      ),
    );
    // The start that it did not come to is like the quiet one; what the copy takes, the rounds say.
    expect(Object.fromEntries(parts)).toEqual({ 'stop-old': 2000, 'start-quiet': 4000, 'start-new': 4000 });
  });

  it('is nothing where there was none, but for how long the doctor took to be warmed', () => {
    expect([...knownParts(journal([0, before('warm-new')], [5, applied('warm-new')]))]).toEqual([['doctor', 5000]]);
    expect([...knownParts([])]).toEqual([]);
  });
});
