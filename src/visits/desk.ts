import type { Desk } from '../core/follow.ts';
import type { Answer, CutoverOrder, FollowStatus, Order } from '../core/order.ts';
import { fail, type Problem } from '../core/problem.ts';
import { Waiters } from '../host/waiters.ts';

/** What to do with an order that has been accepted or not: the client that sent it hears of it once. */
type Reply = (problem: Problem | null) => void;

/**
 * Where orders are put for the loop that follows: `pause` and `continue` count at once, `stop` and `cutover` end the loop when it comes to
 * them. The last order wins; `stop` is final.
 */
export class OrderDesk implements Desk {
  readonly #status: () => FollowStatus;
  readonly #dropped: (problem: Problem) => void;
  readonly #news = new Waiters();
  readonly #stop = new AbortController();
  #isPaused = false;
  #ending: 'stop' | CutoverOrder | null = null;
  #reply: Reply | null = null;
  #isTaken = false;

  /** `status` says where the following stands; `dropped` hears of a cutover that was accepted to be made later, and cannot be. */
  constructor(status: () => FollowStatus, dropped: (problem: Problem) => void) {
    this.#status = status;
    this.#dropped = dropped;
  }

  /** Aborts when it is told to stop, whatever goes on then; not once a cutover has been begun.  */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Follows an order of a client. A cutover that is to begin at once is answered when it has begun, or cannot; others at once. */
  async handle(order: Order): Promise<Answer> {
    const problem = order.order === 'status' ? null : await this.#follow(order);
    return problem ? { ok: false, problem } : { ok: true, status: this.#status() };
  }

  isPaused(): boolean {
    return this.#isPaused;
  }

  ending(): 'stop' | CutoverOrder | null {
    return this.#ending;
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#news.wait(signal);
  }

  refuse(order: CutoverOrder, problem: Problem): void {
    if (this.#ending !== order) return;
    this.#ending = null;
    if (this.#reply) this.#answer(problem);
    else this.#dropped(problem);
    this.#news.wake();
  }

  /** From now on nothing else is begun, if it still is this that is to be done; false where it is not. */
  taken(ending: 'stop' | CutoverOrder | null): boolean {
    if (this.#ending !== ending) return false;
    this.#isTaken = true;
    this.#answer(null);
    return true;
  }

  #follow(order: Exclude<Order, { order: 'status' }>): Promise<Problem | null> {
    if (this.#isTaken || this.#ending === 'stop') return Promise.resolve(tooLate());
    if (order.order === 'pause' || order.order === 'continue') {
      this.#isPaused = order.order === 'pause';
      this.#news.wake();
      return Promise.resolve(null);
    }
    if (this.#reply) this.#answer(superseded());
    else if (this.#ending !== null) this.#dropped(superseded());
    this.#ending = order.order === 'stop' ? 'stop' : order;
    const waits = order.order === 'cutover' && (order.at !== null || order.whenIdleMs !== null);
    const begun = new Promise<Problem | null>((resolve) => (this.#reply = resolve));
    if (waits || order.order === 'stop') this.#answer(null);
    if (order.order === 'stop') this.#stop.abort(toldToStop());
    this.#news.wake();
    return begun;
  }

  #answer(problem: Problem | null): void {
    const reply = this.#reply;
    this.#reply = null;
    reply?.(problem);
  }
}

function toldToStop(): Error {
  return fail('terminated', {
    message: 'It was told to stop.',
    hint: 'The copy is kept: neo-pull sync goes on from it.',
  });
}

function tooLate(): Problem {
  return fail('run-not-ready', {
    message:
      'The neo-pull that followed this run has stopped following, and is at its end or in the middle of the cutover.',
    hint: 'See where it stands: neo-pull status',
  }).problem;
}

function superseded(): Problem {
  return fail('run-not-ready', {
    message: 'Another order was given before this one was followed.',
    hint: 'See where it stands: neo-pull status',
  }).problem;
}
