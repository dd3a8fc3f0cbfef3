import type { Ask } from '../core/ask.ts';
import type { Clock } from '../core/clock.ts';
import { downtimeOf } from '../core/downtime.ts';
import type { Event, Outcome, ProfileEnd, Running } from '../core/event.ts';
import { EXIT, type ExitCode } from '../core/exit.ts';
import type { Host } from '../core/host.ts';
import type { FollowStatus } from '../core/order.ts';
import type { Asked, Connect, Limits, Plan } from '../core/plan.ts';
import { PROBLEMS, problemOf, type Problem } from '../core/problem.ts';
import type { AnyProduct } from '../core/product.ts';
import { EMPTY_RUN, type RunState } from '../core/run-state.ts';
import { runningOf } from '../core/running.ts';
import type { RunFolder, World } from '../core/step.ts';
import { Bus, type Listener } from '../run/bus.ts';
import type { Control } from '../run/control-server.ts';
import type { Journal } from '../run/journal.ts';
import type { Lock } from '../run/lock.ts';
import type { RunnerContext } from '../run/runner.ts';
import type { StateHome } from '../run/runs.ts';
import type { Follower, FollowLimits } from '../steps/follow.ts';
import type { SettingsNews } from './new-settings.ts';

/** What a command brings along: the machine it runs on, a way to the other one, and the person (or nobody) in front of it. */
export interface Tools {
  readonly version: string;
  /** As it was typed, for the Journal and for whoever finds the lock. */
  readonly command: string;
  readonly clock: Clock;
  readonly stateHome: StateHome;
  readonly here: Host;
  /** `tell` gets what a person should know of the way taken. */
  readonly connect: (to: Connect, tell: (message: string) => Promise<void>) => Promise<Host>;
  readonly ask: Ask | null;
  /** Was `--yes` given? It answers the one question of a move, never a question of trust. */
  readonly yes: boolean;
  /** How long a turn of an agent is waited for before the stop, and whether it is cut off then without a question; absent: not looked at. */
  readonly drain?: { readonly waitMs: number; readonly force: boolean };
  /** Id of a step of the cutover that is to fail after it was applied: how putting everything back is shown and tested. */
  readonly failAt?: string | null;
  readonly interrupt: { readonly signal: AbortSignal; shield(): void };
  readonly listeners: readonly Listener[];
  /** Only for a visit that follows. */
  readonly following?: FollowAround;
}

/** What is around a neo-pull that follows. */
export interface FollowAround {
  /** Hears where it stands: when it takes orders, at each turn of its loop, and when it begins to cut over. */
  readonly hear?: (status: FollowStatus) => void;
  readonly limits?: Partial<FollowLimits>;
  readonly settings?: SettingsNews;
}

/** What a move is asked for with. */
export interface Request {
  readonly target: string;
  readonly connect: Connect;
  readonly asked: Asked;
  /** The products of which one is to be found on the old machine, where none was named. */
  readonly among?: readonly AnyProduct[];
  readonly limits: Limits;
  /** Every gateway that is found, in place of those that `asked` names. */
  readonly allProfiles?: boolean;
}

/** One visit of a command to a run: everything that is open meanwhile, and is closed by `conclude`. */
export interface Visit {
  readonly tools: Tools;
  readonly bus: Bus;
  old: Host | null;
  journal: Journal | null;
  lock: Lock | null;
  folder: RunFolder | null;
  /** Follows the old machine, and knows what changed there; only in the visit that follows. */
  follower: Follower | null;
  /** Takes orders for the run; only in the visit that follows. */
  control: Control | null;
  /** What the Journal of an earlier run says, before it is opened to go on with; or the Plan that follows from what was seen. */
  known: RunState | null;
}

/** How a visit ended. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly running: Running;
  readonly exitCode: ExitCode;
  readonly problem: Problem | null;
  /** Each profile, of a command over several. */
  readonly profiles?: readonly ProfileEnd[];
}

/** Runs the body of a command, tells its end as `run.finished` whatever happens, and closes what was opened. */
export async function conclude(tools: Tools, body: (visit: Visit) => Promise<Verdict>): Promise<Verdict> {
  const visit = openVisit(tools);
  const verdict = await body(visit).catch((error: unknown) => stopped(visit, problemOf(error)));
  try {
    await endVisit(visit, verdict);
  } finally {
    await visit.old?.close();
  }
  return verdict;
}

/** A visit of which nothing is open yet. */
export function openVisit(tools: Tools): Visit {
  const bus = new Bus(tools.clock, '', tools.listeners);
  return { tools, bus, old: null, journal: null, lock: null, folder: null, follower: null, control: null, known: null };
}

/** Tells the end of a visit, and closes its run. The Connection stays open, for there may be others on it. */
export async function endVisit(visit: Visit, verdict: Verdict): Promise<void> {
  const events: readonly Event[] = visit.journal?.events ?? [];
  try {
    await visit.bus.emit({ type: 'run.finished', ...verdict, downtimeMs: downtimeOf(events).totalMs });
  } finally {
    await visit.follower?.close().catch(() => undefined);
    // Whoever ordered the cutover waits for its end.
    await visit.control?.close();
    await visit.journal?.close();
    await visit.lock?.release();
  }
}

/** The verdict of a visit that ended before the cutover, or that could not tell how it ended. */
export function stopped(visit: Visit, problem: Problem): Verdict {
  const exitCode = PROBLEMS[problem.code].exit;
  return { outcome: outcomeOf(exitCode), running: whoRuns(visit, exitCode), exitCode, problem };
}

/** Before anything was seen, nothing was changed either: the old gateway runs, as far as anybody knows. */
function whoRuns(visit: Visit, exitCode: ExitCode): Running {
  const state = stateOf(visit);
  if (exitCode === EXIT.unknown) return 'unknown';
  return state.plan ? runningOf(state) : 'old';
}

function outcomeOf(exitCode: ExitCode): Outcome {
  if (exitCode === EXIT.interrupted || exitCode === EXIT.terminated) return 'interrupted';
  const failures: readonly ExitCode[] = [EXIT.bug, EXIT.transfer, EXIT.mismatch, EXIT.cutover, EXIT.unknown, EXIT.halt];
  return failures.includes(exitCode) ? 'failed' : 'refused';
}

/** Connects to the old machine; what is to be known of the way is told as a notice. */
export function connectTo({ tools, bus }: Visit, to: Connect): Promise<Host> {
  return tools.connect(to, (message) => bus.emit({ type: 'notice', message }));
}

/** Who runs the gateway when nothing was changed. */
export function asFound(plan: Plan): Running {
  return plan.ranAs === 'stopped' ? 'none' : 'old';
}

/** What the Journal says so far; empty before there is one. */
export function stateOf(visit: Visit): RunState {
  return visit.journal?.state ?? visit.known ?? EMPTY_RUN;
}

/** What the runner needs. The visit must have its run and its Connection. */
export function contextOf(visit: Visit): RunnerContext {
  return { world: worldOf(visit), state: () => stateOf(visit) };
}

export function worldOf(visit: Visit): World {
  const { tools, bus, old, folder } = visit;
  if (!old || !folder) throw new Error('the visit has not begun its run');
  return { old, new: tools.here, clock: tools.clock, emit: bus.emit, signal: tools.interrupt.signal, run: folder };
}

/** The Plan of the visit's run. */
export function planOf(visit: Visit): Plan {
  const { plan } = stateOf(visit);
  if (!plan) throw new Error('the run has no plan');
  return plan;
}
