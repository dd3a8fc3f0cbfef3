import type { Socket } from 'node:net';
import type { Event } from '../core/event.ts';
import type { Answer, Order } from '../core/order.ts';
import { problemOf } from '../core/problem.ts';
import { ByteLines } from './byte-lines.ts';
import { MAX_ORDER_BYTES, parseOrder, replyLine, unknownOrder } from './control-words.ts';

/**
 * Follows one order. `tell` reaches this client alone; the signal aborts when the client has gone away, which ends nothing but what only
 * it would have heard. What it throws is answered as a Problem.
 */
export type Handle = (order: Order, tell: (event: Event) => void, signal: AbortSignal) => Promise<Answer>;

/** How long a client may take to say what it wants. */
const ORDER_WITHIN_MS = 5000;
/** How long one that reads nothing is waited for when all is said. */
const FAREWELL_MS = 2000;
/** What a client has not read yet may grow so far; then it is let go. Progress is left out long before. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
const MUCH_UNREAD_BYTES = 256 * 1024;

/** One client: takes its one order, sends back the answer and, for a cutover, every event until the run is finished. */
export class ControlSession {
  readonly #socket: Socket;
  readonly #handle: Handle;
  readonly #gone = new AbortController();
  readonly #lines = new ByteLines(MAX_ORDER_BYTES);
  #stage: 'listening' | 'working' | 'answered' | 'over' = 'listening';
  #isFollower = false;
  #isLast = false;

  constructor(socket: Socket, handle: Handle) {
    this.#socket = socket;
    this.#handle = handle;
    socket.setTimeout(ORDER_WITHIN_MS);
    for (const end of ['timeout', 'error']) socket.on(end, () => socket.destroy());
    socket.once('close', () => this.#gone.abort(new Error('the client has gone away')));
    // What follows the order is read too, and let go: the end of the line is behind it.
    socket.on('data', (piece: Buffer) => this.#take(piece));
  }

  /** An event that goes to whoever follows. */
  hear(event: Event, line: Buffer): void {
    if (!this.#isFollower || this.#stage === 'over') return;
    this.#send(event, line);
    if (event.type !== 'run.finished') return;
    this.#isFollower = false;
    if (this.#stage === 'answered') this.#end();
  }

  /** No more is told; an answer that is under way is waited for a moment. */
  close(): void {
    this.#isLast = true;
    this.#socket.setTimeout(FAREWELL_MS);
    if (this.#stage !== 'working') this.#end();
  }

  #take(piece: Buffer): void {
    if (this.#stage !== 'listening') return;
    const [first] = this.#lines.push(piece);
    if (!first && !this.#lines.isTooLong) return;
    this.#stage = 'working';
    this.#socket.setTimeout(this.#isLast ? FAREWELL_MS : 0);
    void this.#work(first ?? null).then((answer) => this.#answer(answer));
  }

  async #work(line: Buffer | null): Promise<Answer> {
    try {
      if (!line) throw unknownOrder('is longer than any');
      const order = parseOrder(line);
      // From here on, so that nothing is missed between the order and its answer.
      this.#isFollower = order.order === 'cutover';
      const tell = (event: Event) => this.#send(event, replyLine({ event }));
      return await this.#handle(order, tell, this.#gone.signal);
    } catch (error) {
      return { ok: false, problem: problemOf(error) };
    }
  }

  #answer(answer: Answer): void {
    if (this.#stage === 'over') return;
    this.#stage = 'answered';
    if (!answer.ok) this.#isFollower = false;
    this.#write(replyLine({ answer }));
    if (!this.#isFollower || this.#isLast) this.#end();
  }

  #send(event: Event, line: Buffer): void {
    const isLeftOut = event.type === 'progress' && this.#socket.writableLength > MUCH_UNREAD_BYTES;
    if (this.#stage !== 'over' && !isLeftOut) this.#write(line);
  }

  #write(line: Buffer): void {
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#socket.destroy();
    else if (this.#socket.writable) this.#socket.write(line);
  }

  #end(): void {
    this.#stage = 'over';
    this.#socket.setTimeout(FAREWELL_MS);
    this.#socket.destroySoon();
  }
}
