import type { Clock } from '../core/clock.ts';
import type { FollowStatus, Order } from '../core/order.ts';
import { fail, ProblemError } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { daemonOf, sendOrder } from '../run/control-client.ts';
import { listRuns, openRun, type StateHome } from '../run/runs.ts';

/** How long `status` waits for the word of a neo-pull that may hang. */
const STATUS_WITHIN_MS = 5000;

/** Where a daemon stands that was asked. */
export interface Told {
  readonly run: RunFolder;
  readonly status: FollowStatus;
}

/**
 * `neo-pull pause|continue|stop [run]`: sends an order to the neo-pull that follows for this run, and says where it stands then. Throws
 * `run-unknown`, the Problem that it answers with, and what `sendOrder` throws; where another run than the latest is followed, its id is told.
 */
export async function orderTo(home: StateHome, wanted: string | null, order: Order): Promise<Told> {
  const run = await openRun(home, wanted);
  if ((await daemonOf(run)) === null) throw await nobodyFollows(home, run, order);
  const answer = await sendOrder(run, order, { signal: new AbortController().signal });
  if (!answer.ok) throw new ProblemError(answer.problem);
  return { run, status: answer.status };
}

/** Where the neo-pull stands that follows for this run; null where none does. Throws as `orderTo`, `daemon-not-running` for one that hangs. */
export async function followStatus(run: RunFolder, clock: Clock): Promise<FollowStatus | null> {
  const daemon = await daemonOf(run);
  if (!daemon) return null;
  const [answered, late] = [new AbortController(), new AbortController()];
  const waiting = clock.sleep(STATUS_WITHIN_MS, answered.signal).then(
    () => late.abort(silent(run, daemon.pid)),
    () => undefined,
  );
  try {
    const answer = await sendOrder(run, { order: 'status' }, { signal: late.signal });
    if (!answer.ok) throw new ProblemError(answer.problem);
    return answer.status;
  } finally {
    answered.abort();
    await waiting;
  }
}

function silent(run: RunFolder, pid: number): ProblemError {
  return fail('daemon-not-running', {
    message: `The neo-pull of run ${run.id} (pid ${pid}) has not answered within ${STATUS_WITHIN_MS / 1000} s.`,
    hint: `See what it does: ps -o stat,etime,args -p ${pid}. It may have been stopped (kill -CONT ${pid}).`,
  });
}

async function nobodyFollows(home: StateHome, run: RunFolder, { order }: Order): Promise<ProblemError> {
  const followed: string[] = [];
  for (const other of await listRuns(home)) if (await daemonOf(other).catch(() => null)) followed.push(other.id);
  const others = followed.map((id) => `neo-pull ${order} ${id}`).join(', or ');
  return fail('daemon-not-running', {
    message: `No neo-pull follows for run ${run.id}. Nothing was done.`,
    hint: others === '' ? `See where things stand: neo-pull status ${run.id}` : `Another run is followed: ${others}`,
  });
}
