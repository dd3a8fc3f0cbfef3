import { describe, expect, it } from 'vitest';
import type { CutoverOrder, FollowStatus } from '../../src/core/order.ts';
import { problem, type Problem } from '../../src/core/problem.ts';
import { OrderDesk } from '../../src/visits/desk.ts';

const CUTOVER: CutoverOrder = {
  order: 'cutover',
  at: null,
  whenIdleMs: null,
  force: false,
  paranoid: false,
  yes: true,
};
const LATER: CutoverOrder = { ...CUTOVER, at: '2030-01-01T03:00:00.000Z' };
const BUSY = problem('turn-running', { message: 'An agent is at work.', hint: 'Wait.' });

function desk(): { desk: OrderDesk; dropped: Problem[] } {
  const dropped: Problem[] = [];
  return {
    desk: new OrderDesk(
      () => ({ phase: 'following' }) as FollowStatus,
      (one) => dropped.push(one),
    ),
    dropped,
  };
}

describe('an order', () => {
  it('to stop wins over a cutover that is being looked at, and nothing is begun for that one', async () => {
    const { desk: at } = desk();
    const cutover = at.handle(CUTOVER);
    expect(at.ending()).toBe(CUTOVER);
    expect(await at.handle({ order: 'stop' })).toMatchObject({ ok: true });
    expect(await cutover).toMatchObject({ ok: false, problem: { code: 'run-not-ready' } });
    expect(at.taken(CUTOVER)).toBe(false);
    // What the look has found out is no longer of interest to anybody.
    at.refuse(CUTOVER, BUSY);
    expect(at.ending()).toBe('stop');
    expect(at.stopped.aborted).toBe(true);
    expect(at.taken('stop')).toBe(true);
  });

  it('to stop is final', async () => {
    const { desk: at } = desk();
    await at.handle({ order: 'stop' });
    for (const order of [CUTOVER, LATER, { order: 'continue' } as const]) {
      expect(await at.handle(order)).toMatchObject({ ok: false, problem: { code: 'run-not-ready' } });
    }
    expect(at.ending()).toBe('stop');
  });

  it('to cut over at once is answered when that has begun, or with why it cannot', async () => {
    const { desk: at, dropped } = desk();
    const first = at.handle(CUTOVER);
    at.refuse(CUTOVER, BUSY);
    expect(await first).toEqual({ ok: false, problem: BUSY });
    expect(at.ending()).toBeNull();
    const again = { ...CUTOVER };
    const second = at.handle(again);
    expect(at.taken(again)).toBe(true);
    expect(await second).toMatchObject({ ok: true });
    expect(await at.handle({ order: 'stop' })).toMatchObject({ ok: false });
    expect(dropped).toEqual([]);
  });

  it('to cut over later is answered at once, and told when it will not be', async () => {
    const { desk: at, dropped } = desk();
    expect(await at.handle(LATER)).toMatchObject({ ok: true });
    at.refuse(LATER, BUSY);
    expect(dropped).toEqual([BUSY]);
    const another = { ...LATER };
    await at.handle(another);
    await at.handle({ order: 'stop' });
    expect(dropped.at(-1)).toMatchObject({ code: 'run-not-ready' });
  });

  it('wakes whoever waits for one, and leaves nothing at a signal that lives on', async () => {
    const { desk: at } = desk();
    const signal = new AbortController().signal;
    for (const order of ['pause', 'continue', 'pause'] as const) {
      const woken = at.changed(signal);
      await at.handle({ order });
      await woken;
      expect(at.isPaused()).toBe(order === 'pause');
    }
  });
});
