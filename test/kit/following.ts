import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../src/core/event.ts';
import type { Answer, FollowStatus, Order } from '../../src/core/order.ts';
import { sendOrder } from '../../src/run/control-client.ts';
import { follow } from '../../src/visits/follow.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { moverFor, type Homes, type MoverOptions } from './mover.ts';
import { waitFor } from './wait.ts';

/** neo-pull following the old side of a lab, in this process. */
export interface Following {
  readonly events: readonly Event[];
  /** Its verdict, once it has ended. */
  readonly ended: Promise<Verdict>;
  readonly order: (order: Order) => Promise<Answer>;
  readonly status: () => Promise<FollowStatus>;
  /** Resolves once everything that was changed before is in staging. */
  readonly caughtUp: () => Promise<FollowStatus>;
  /** Ends it as Ctrl-C does, unless it has ended. Repeatable. */
  readonly end: () => Promise<void>;
}

const CUTOVER = { order: 'cutover', at: null, whenIdleMs: null, force: false, paranoid: false, yes: true } as const;

/** The order to take the gateway over at once, unless something is said otherwise. */
export function cutoverOrder(changes: Partial<Extract<Order, { order: 'cutover' }>> = {}): Order {
  return { ...CUTOVER, ...changes };
}

/** Starts following, and waits for the first whole pass. */
export async function startFollowing(lab: Homes, options: MoverOptions = {}): Promise<Following> {
  const stop = new AbortController();
  const { tools, request, events, stateHome } = moverFor(lab, {
    ...options,
    tools: { interrupt: { signal: stop.signal, shield: () => undefined }, ...options.tools },
  });
  let verdict: Verdict | null = null;
  const ended = follow(tools, request).then((one) => (verdict = one));
  const folder = (): { id: string; path: string } => {
    const id = events.find(({ run }) => run !== '')?.run ?? readdirSync(join(stateHome, 'runs'))[0] ?? '';
    return { id, path: join(stateHome, 'runs', id) };
  };
  const order = (what: Order): Promise<Answer> => sendOrder(folder(), what, { signal: new AbortController().signal });
  const status = async (): Promise<FollowStatus> => {
    const answer = await order({ order: 'status' });
    if (!answer.ok) throw new Error(answer.problem.message);
    return answer.status;
  };
  await waitFor('the first whole pass', () => {
    if (verdict) throw new Error(`it has ended: ${JSON.stringify(verdict)}`);
    return events.some((event) => event.type === 'round.done');
  });
  return {
    events,
    ended,
    order,
    status,
    caughtUp: async () => {
      const { rounds } = await status();
      return waitFor('everything is staged', async () => {
        const now = await status();
        return now.pending === 0 || now.rounds >= rounds + 2 ? now : null;
      });
    },
    end: async () => {
      stop.abort(new Error('the test is over'));
      await ended.catch(() => undefined);
    },
  };
}

/** The staging directory of the state dir of a lab. */
export function stagedState(lab: Homes): string {
  const beside = join(lab.new.home, '.neo-pull');
  const name = readdirSync(beside).find((one) => one.endsWith('-state.staging'));
  if (name === undefined || !lstatSync(join(beside, name)).isDirectory()) throw new Error('nothing is staged');
  return join(beside, name);
}

/** Resolves once a file is in staging, or is gone from it. */
export async function staged(lab: Homes, name: string, isThere = true): Promise<void> {
  await waitFor(
    `${name} is ${isThere ? '' : 'not '}in staging`,
    () => existsSync(join(stagedState(lab), name)) === isThere,
  );
}
