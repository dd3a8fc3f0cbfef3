import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Event } from '../core/event.ts';
import type { Answer, Order } from '../core/order.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { socketFault } from '../host/socket-folder.ts';
import { ByteLines } from './byte-lines.ts';
import { readRecord, unsafe, type ControlRecord } from './control-record.ts';
import { MAX_REPLY_BYTES, orderLine, parseReply, type Reply } from './control-words.ts';
import { isAlive, ownUid, type ProcessIdentity } from './process-identity.ts';

/** What goes with an order. */
export interface OrderOptions {
  /** Aborting goes away, and ends nothing: what was ordered goes on. */
  readonly signal: AbortSignal;
  /** Hears what the daemon tells; after a `cutover` every event, up to `run.finished`. */
  readonly onEvent?: (event: Event) => void;
}

/** Which process takes orders for this run; null when none that lives does. Read-only. Throws `control-unsafe`. */
export async function daemonOf(run: RunFolder): Promise<ProcessIdentity | null> {
  const record = await livingRecord(run);
  return record && { pid: record.pid, startTime: record.startTime, bootId: record.bootId };
}

/**
 * Sends one order to the daemon of a run and resolves with its answer: for a `cutover` that was accepted only after the event
 * `run.finished`. Rejects with `daemon-not-running` where nobody listens, or it ended before it answered; `daemon-lost` where the line to
 * a cutover broke, which may go on; `control-unsafe` where it may be somebody else who listens; the signal's reason.
 */
export async function sendOrder(run: RunFolder, order: Order, options: OrderOptions): Promise<Answer> {
  const { signal } = options;
  signal.throwIfAborted();
  const record = await livingRecord(run);
  if (!record) throw notRunning(run, `No neo-pull follows for run ${run.id}.`);
  const fault = await socketFault(record.socket, await ownUid());
  if (fault?.missing === false)
    throw unsafe(dirname(record.socket), fault.why.replace(`${dirname(record.socket)} `, ''));
  const socket = fault ? null : await knock(record.socket);
  if (!socket) throw notRunning(run, `The neo-pull of run ${run.id} (pid ${record.pid}) takes no orders.`);
  return hearOut(socket, order, { run, ...options });
}

async function livingRecord(run: RunFolder): Promise<ControlRecord | null> {
  const record = await readRecord(run, await ownUid());
  return record && (await isAlive(record)) ? record : null;
}

function knock(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

function hearOut(
  socket: Socket,
  order: Order,
  { run, signal, onEvent }: OrderOptions & { run: RunFolder },
): Promise<Answer> {
  const lines = new ByteLines(MAX_REPLY_BYTES);
  const heard = new Heard(order);
  return new Promise<Answer>((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    socket.on('error', () => undefined);
    // An answer that ends the line is heard first: `close` comes after the last `data`.
    socket.once('close', () => reject(lost(run, order, heard)));
    socket.on('data', (piece: Buffer) => {
      try {
        for (const line of lines.push(piece)) {
          const reply = parseReply(line);
          if (!reply) throw unreadable(run, order);
          if ('event' in reply) onEvent?.(reply.event);
          const answer = heard.add(reply);
          if (answer) resolve(answer);
        }
        if (lines.isTooLong) throw unreadable(run, order);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    if (signal.aborted) leave();
    else socket.write(orderLine(order));
  }).finally(() => socket.destroy());
}

/** What the daemon has said so far to one order. */
class Heard {
  readonly #needsEnd: boolean;
  #answer: Answer | null = null;
  #end = false;

  constructor({ order }: Order) {
    this.#needsEnd = order === 'cutover';
  }

  get isAccepted(): boolean {
    return this.#answer?.ok === true;
  }

  /** The answer, once there is nothing more to wait for. */
  add(reply: Reply): Answer | null {
    if ('answer' in reply) this.#answer = reply.answer;
    else if (reply.event.type === 'order.dropped') this.#answer = { ok: false, problem: reply.event.problem };
    else if (reply.event.type === 'run.finished') this.#end = true;
    return !this.#needsEnd || this.#end || this.#answer?.ok === false ? this.#answer : null;
  }
}

function notRunning(run: RunFolder, message: string): ProblemError {
  return fail('daemon-not-running', {
    message: `${message} Nothing was done.`,
    hint: `See where things stand: neo-pull status ${run.id}`,
  });
}

function lost(run: RunFolder, order: Order, { isAccepted }: Heard): ProblemError {
  if (order.order !== 'cutover') return notRunning(run, `The neo-pull of run ${run.id} ended before it answered.`);
  return fail('daemon-lost', {
    message: `The line to the neo-pull of run ${run.id} broke ${isAccepted ? 'before its cutover was through' : 'before it answered'}.`,
    hint: `See whether it still works: neo-pull status ${run.id}. If not, go on with neo-pull resume ${run.id} or put everything back with neo-pull rollback ${run.id}`,
  });
}

function unreadable(run: RunFolder, order: Order): ProblemError {
  const message = `The neo-pull of run ${run.id} said something that this one cannot read; they may be of different versions.`;
  const hint = `See where things stand: neo-pull status ${run.id}`;
  return fail(order.order === 'cutover' ? 'daemon-lost' : 'order-unknown', { message, hint });
}
