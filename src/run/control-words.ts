import { z } from 'zod';
import type { Event } from '../core/event.ts';
import { PHASES, type Answer, type Order } from '../core/order.ts';
import { fail, problem, PROBLEMS, type Problem, type ProblemCode } from '../core/problem.ts';

/** The longest line that is an order. */
export const MAX_ORDER_BYTES = 64 * 1024;
/** The longest line that comes back: an event may carry a whole Plan. */
export const MAX_REPLY_BYTES = 32 * 1024 * 1024;

const VERSION = 1;
const DAY_MS = 86_400_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

const orderShape = z.discriminatedUnion('order', [
  z.strictObject({ order: z.enum(['status', 'pause', 'continue', 'stop']) }),
  z.strictObject({
    order: z.literal('cutover'),
    at: z.iso.datetime().nullable(),
    whenIdleMs: z.int().positive().max(DAY_MS).nullable(),
    force: z.boolean(),
    paranoid: z.boolean(),
    yes: z.boolean(),
  }),
]);

const count = z.number().nonnegative();
const statusShape = z.looseObject({
  v: z.literal(VERSION),
  pid: z.int().positive(),
  since: z.string(),
  phase: z.enum(PHASES),
  engine: z.string(),
  rounds: count,
  lastRoundAt: z.string().nullable(),
  lastFullAt: z.string().nullable(),
  pending: count,
  dirtyBytesPerSecond: count.nullable(),
  bytesPerSecond: count.nullable(),
  forecast: z
    .looseObject({ totalMs: count, parts: z.array(z.looseObject({ part: z.string(), ms: count })) })
    .nullable(),
  converged: z.boolean(),
  note: z.string().nullable(),
});
const problemShape = z.looseObject({ code: z.string(), stops: z.boolean(), message: z.string(), hint: z.string() });
const eventShape = z.looseObject({
  v: z.literal(VERSION),
  seq: z.int(),
  ts: z.string(),
  run: z.string(),
  type: z.string(),
});
const endShape = z.looseObject({ outcome: z.string(), running: z.string(), exitCode: z.int(), problem: z.unknown() });

/** One thing that the daemon says to a client. */
export type Reply = { readonly answer: Answer } | { readonly event: Event };

/** An order as the line that is sent, newline included. Pure. */
export function orderLine(order: Order): Buffer {
  return line({ v: VERSION, order });
}

/** An answer or an event as the line that is sent, newline included. Pure. */
export function replyLine(reply: Reply): Buffer {
  return line({ v: VERSION, ...reply });
}

/** Reads an order. Pure. Throws `order-unknown` for anything else. */
export function parseOrder(bytes: Buffer): Order {
  const said = parse(bytes);
  if (said?.v !== VERSION) throw unknownOrder('is not one that this neo-pull can read');
  const order = orderShape.safeParse(said.order);
  if (!order.success) throw unknownOrder('is unknown to it, or lacks something');
  return order.data;
}

/** Reads what the daemon says; null for anything that is neither answer nor event. Pure. */
export function parseReply(bytes: Buffer): Reply | null {
  const said = parse(bytes);
  if (said?.v !== VERSION) return null;
  if ('event' in said) return asEvent(said.event);
  const answer = said.answer;
  if (typeof answer !== 'object' || answer === null || !('ok' in answer)) return null;
  if (answer.ok === true && 'status' in answer && statusShape.safeParse(answer.status).success)
    return { answer: answer as Answer };
  if (answer.ok !== false || !('problem' in answer)) return null;
  const found = problemShape.safeParse(answer.problem);
  return found.success ? { answer: { ok: false, problem: known(found.data as unknown as Problem) } } : null;
}

/** Said where an order cannot be read, or is longer than any. */
export function unknownOrder(what: string): Error {
  return fail('order-unknown', {
    message: `The order ${what}. Nothing was done.`,
    hint: 'Use the version of neo-pull that follows, or end that one (Ctrl-C, SIGTERM, systemctl --user stop) and start it again.',
  });
}

function line(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function parse(bytes: Buffer): { v?: unknown; order?: unknown; answer?: unknown; event?: unknown } | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function asEvent(value: unknown): Reply | null {
  const event = eventShape.safeParse(value);
  if (!event.success) return null;
  if (event.data.type === 'run.finished' && !endShape.safeParse(value).success) return null;
  // Types that this version does not know pass through: the renderers leave them alone.
  return { event: value as Event };
}

/** A code that only a later version knows has no exit code here. */
function known(found: Problem): Problem {
  if (Object.hasOwn(PROBLEMS, found.code)) return found;
  const { message, hint } = found;
  const code: ProblemCode = 'order-unknown';
  return problem(code, { message, hint, detail: { code: found.code } });
}
