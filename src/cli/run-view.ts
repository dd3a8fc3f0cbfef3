import { deadManOf, type DeadMan } from '../core/dead-man.ts';
import type { Event, Outcome, Running } from '../core/event.ts';
import { begunBy } from '../core/begun-by.ts';
import { nextSteps, type NextStep } from '../core/next-steps.ts';
import type { Problem } from '../core/problem.ts';
import { lockKeyOf } from '../core/rehearsal-plan.ts';
import { runningOf } from '../core/running.ts';
import { isoTime } from '../core/timestamp.ts';
import { loadDashboard } from '../gateway/dashboard.ts';
import { lockHolder, type LockHolder } from '../run/lock.ts';
import type { StateHome } from '../run/runs.ts';
import { isMidway, type EarlierRun } from '../visits/earlier-run.ts';

/** What can be said of a run from this machine alone: its Journal, its lock, and the new gateway's port. */
export interface RunView {
  readonly run: string;
  readonly target: string;
  readonly folder: string;
  readonly startedAt: string | null;
  /** When the Journal was last written. */
  readonly lastAt: string | null;
  /** Null when the last visit has not ended. */
  readonly outcome: Outcome | null;
  /** What ended the last visit, or what it ended with; null when there is nothing to say. */
  readonly problem: Problem | null;
  readonly running: Running;
  /** Since when that one serves, or none does; null when it was not touched. */
  readonly since: string | null;
  readonly isMidway: boolean;
  /** The switch on the old machine that starts its gateway again; null where none was armed. */
  readonly deadMan: DeadMan | null;
  /** The neo-pull that works on it now. */
  readonly working: { readonly pid: number; readonly command: string } | null;
  /** Does something answer on this machine at the gateway's port? Null when that says nothing. */
  readonly newPort: { readonly port: number; readonly answers: boolean } | null;
  readonly next: readonly NextStep[];
}

/** Views one run. Read-only. */
export async function viewRun(home: StateHome, { folder, events, state }: EarlierRun): Promise<RunView> {
  const starts = events.flatMap((event) => (event.type === 'run.started' ? [event] : []));
  const midway = isMidway(state);
  const running = state.finished?.running ?? runningOf(state);
  const { plan } = state;
  const holder = plan && (await lockHolder(home, lockKeyOf(plan)).catch(() => null));
  const outcome = state.finished?.outcome ?? null;
  return {
    run: folder.id,
    target: plan?.target ?? starts.at(-1)?.target ?? '',
    folder: folder.path,
    startedAt: events[0]?.ts ?? null,
    lastAt: events.at(-1)?.ts ?? null,
    outcome,
    problem: outcome === null ? null : lastProblem(events),
    running,
    since: events.findLast(({ type }) => type === 'run.up' || type === 'run.down')?.ts ?? null,
    isMidway: midway,
    deadMan: deadManOf(events, state),
    working:
      holder && isBy(holder, { id: folder.id, last: starts.at(-1)?.ts ?? '', outcome }) ? workingOf(holder) : null,
    newPort: plan && (await portOf(plan.new.gateway.port)),
    next: nextSteps({
      run: folder.id,
      ...begunBy(events),
      ...{ outcome, running, isMidway: midway, isCommitted: state.committed },
    }),
  };
}

/** Who takes the lock for a run that is only begun cannot name it yet: then it is the one that was begun since. */
function isBy(
  holder: LockHolder,
  { id, last, outcome }: { id: string; last: string; outcome: Outcome | null },
): boolean {
  return holder.run === '' ? outcome === null && last >= isoTime(holder.sinceMs) : holder.run === id;
}

function workingOf({ pid, command }: LockHolder): RunView['working'] {
  return { pid, command };
}

function lastProblem(events: readonly Event[]): Problem | null {
  const end = events.findLast((event) => event.type === 'run.finished');
  return end?.problem ?? null;
}

async function portOf(port: number): Promise<RunView['newPort']> {
  const { status } = await loadDashboard(port);
  return { port, answers: status !== null };
}
