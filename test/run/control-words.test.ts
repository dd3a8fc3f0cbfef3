import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { PHASES, type Answer, type FollowStatus, type Order } from '../../src/core/order.ts';
import { problem, ProblemError } from '../../src/core/problem.ts';
import { orderLine, parseOrder, parseReply, replyLine } from '../../src/run/control-words.ts';

const STATUS: FollowStatus = {
  ...{ v: 1, pid: 4711, since: '2026-11-22T14:00:00.000Z', phase: 'following', engine: 'watcher', rounds: 3 },
  ...{ lastRoundAt: null, lastFullAt: null, pending: 0, dirtyBytesPerSecond: 0.5, bytesPerSecond: null },
  ...{ forecast: { totalMs: 900, parts: [{ part: 'stop', ms: 400 }] }, converged: true, note: null },
};

const orders: fc.Arbitrary<Order> = fc.oneof(
  fc.constantFrom('status', 'pause', 'continue', 'stop').map((order) => ({ order })),
  fc.record({
    order: fc.constant('cutover' as const),
    at: fc.option(
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((at) => at.toISOString()),
    ),
    whenIdleMs: fc.option(fc.integer({ min: 1, max: 86_400_000 })),
    force: fc.boolean(),
    paranoid: fc.boolean(),
    yes: fc.boolean(),
  }),
);

const sent = (line: Buffer): Buffer => {
  expect(line.indexOf(0x0a)).toBe(line.length - 1);
  return line.subarray(0, -1);
};

/** The code of the Problem with which a line is refused as an order; `taken` when it is not. */
function refusal(line: string | Buffer): string {
  try {
    parseOrder(Buffer.from(line));
    return 'taken';
  } catch (error) {
    return error instanceof ProblemError ? error.problem.code : String(error);
  }
}

// F124
describe('an order', () => {
  it('arrives as it was given', () => {
    fc.assert(
      fc.property(orders, (order) => {
        expect(parseOrder(sent(orderLine(order)))).toEqual(order);
      }),
    );
  });

  it.each([
    ['', 'x', 'null', '[]', '1', '"status"', '{}', '{"v":1}', '{"v":1,"order":"status"}'],
    ['{"order":{"order":"status"}}', '{"v":2,"order":{"order":"status"}}', '{"v":"1","order":{"order":"status"}}'],
    ['{"v":1,"order":{"order":"reboot"}}', '{"v":1,"order":{"order":"status","argv":["rm"]}}'],
    ['{"v":1,"order":{"order":"__proto__"}}', '{"v":1,"order":{"order":"cutover"}}', '['.repeat(30_000)],
  ])('that nobody knows is told to be unknown: %s', (...lines) => {
    expect(lines.map(refusal)).toEqual(lines.map(() => 'order-unknown'));
  });

  it.each([
    { at: '03:00' },
    { at: '2026-11-22' },
    { at: 5 },
    { whenIdleMs: 0 },
    { whenIdleMs: -1 },
    { whenIdleMs: 1.5 },
    { whenIdleMs: 86_400_001 },
    { force: 'yes' },
    { yes: undefined },
    { more: true },
  ])('to cut over is not guessed at: %j', (change) => {
    const order = { order: 'cutover', at: null, whenIdleMs: null, force: false, paranoid: false, yes: true, ...change };
    expect(refusal(JSON.stringify({ v: 1, order }))).toBe('order-unknown');
  });

  it('is taken or refused with a Problem, whatever the bytes are', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc.jsonValue().map((order) => Buffer.from(JSON.stringify({ v: 1, order }))),
      fc.tuple(orders, fc.nat(), fc.nat(255)).map(([order, at, byte]) => {
        const line = Buffer.from(sent(orderLine(order)));
        line[at % line.length] = byte;
        return line;
      }),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        expect(['taken', 'order-unknown']).toContain(refusal(bytes));
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('a reply', () => {
  const event: Event = { v: 1, seq: 1, ts: '2026-11-22T14:00:00.000Z', run: '', type: 'notice', message: 'a\nb' };

  it('arrives as it was said', () => {
    const refused = problem('locked', { message: 'm', hint: 'h' });
    const answers: Answer[] = [
      ...PHASES.map((phase) => ({ ok: true as const, status: { ...STATUS, phase } })),
      { ok: false, problem: refused },
    ];
    for (const answer of answers) expect(parseReply(sent(replyLine({ answer })))).toEqual({ answer });
    expect(parseReply(sent(replyLine({ event })))).toEqual({ event });
  });

  it('with a Problem of a later version keeps its words, and has an exit code here', () => {
    const answer = { ok: false, problem: { code: 'toString', stops: true, message: 'm', hint: 'h' } };
    expect(parseReply(Buffer.from(JSON.stringify({ v: 1, answer })))).toEqual({
      answer: {
        ok: false,
        problem: problem('order-unknown', { message: 'm', hint: 'h', detail: { code: 'toString' } }),
      },
    });
  });

  it.each([
    { v: 2, answer: { ok: true, status: STATUS } },
    { v: 1, answer: { ok: true } },
    { v: 1, answer: { ok: true, status: { ...STATUS, phase: 'dreaming' } } },
    { v: 1, answer: { ok: false, problem: 'no' } },
    { v: 1, answer: null },
    { v: 1, event: { ...event, ts: 1 } },
    { v: 1, event: { ...event, type: 'run.finished' } },
    { v: 1 },
    [],
    null,
  ])('that is none is taken for none: %j', (said) => {
    expect(parseReply(Buffer.from(JSON.stringify(said)))).toBeNull();
  });

  it('is read or not, whatever the bytes are, and never throws', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.jsonValue().map((answer) => Buffer.from(JSON.stringify({ v: 1, answer }))),
      fc.jsonValue().map((one) => Buffer.from(JSON.stringify({ v: 1, event: one }))),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
        const line = Buffer.from(sent(replyLine({ answer: { ok: true, status: STATUS } })));
        line[at % line.length] = byte;
        return line;
      }),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const reply = parseReply(bytes);
        expect(reply === null || 'answer' in reply || 'event' in reply).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
