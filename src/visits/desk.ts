import type { Desk } from '../core/follow.ts';
import type { Answer, CutoverOrder, FollowStatus, Order } from '../core/order.ts';
import { fail, type Problem } from '../core/problem.ts';

/** What to do with an order that has been accepted or not: the client that sent it hears of it once. */
type Reply = (problem: Problem | null) => void;

/**
 * Where orders are put for the loop that follows: `pause` and `continue` count at once, `stop` and `cutover` end the loop when it comes to
 * them. The last order wins; `stop` is final.
 */
export class OrderDesk implements Desk {
  readonly #status: () => FollowStatus;
  readonly #waiters = new Set<() => void>();
  #isPaused = false;
  #ending: 'stop' | CutoverOrder | null = null;
  #reply: Reply | null = null;
  #isTaken = false;

  /** `status` says where the following stands. */
  constructor(status: () => FollowStatus) {
    this.#status = status;
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
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener('abort', stop);
      };
      const wake = (): void => {
        settle();
        resolve();
      };
      const stop = (): void => {
        settle();
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      this.#waiters.add(wake);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  refuse(problem: Problem): void {
    this.#ending = null;
    this.#answer(problem);
  }

  /** The loop has ended for the order that there is: from now on nothing else is begun. */
  taken(): 'stop' | CutoverOrder | null {
    this.#isTaken = true;
    this.#answer(null);
    return this.#ending;
  }

  #follow(order: Exclude<Order, { order: 'status' }>): Promise<Problem | null> {
    if (this.#isTaken) return Promise.resolve(tooLate());
    if (order.order === 'pause' || order.order === 'continue') {
      this.#isPaused = order.order === 'pause';
      this.#wake();
      return Promise.resolve(null);
    }
    this.#answer(superseded());
    this.#ending = order.order === 'stop' ? 'stop' : order;
    const waits = order.order === 'cutover' && (order.at !== null || order.whenIdleMs !== null);
    const begun = new Promise<Problem | null>((resolve) => (this.#reply = resolve));
    if (waits || order.order === 'stop') this.#answer(null);
    this.#wake();
    return begun;
  }

  #answer(problem: Problem | null): void {
    const reply = this.#reply;
    this.#reply = null;
    reply?.(problem);
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
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
