import { downtimeOf } from '../core/downtime.ts';
import type { Event } from '../core/event.ts';
import { EXIT } from '../core/exit.ts';
import type { Standing } from '../core/follow.ts';
import type { CutoverOrder, FollowStatus } from '../core/order.ts';
import type { Host } from '../core/host.ts';
import type { Plan } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { isoTime, msBetween } from '../core/timestamp.ts';
import { followerFor, knowing, staging } from '../migrate.ts';
import { openControl } from '../run/control-server.ts';
import { ownIdentity } from '../run/process-identity.ts';
import { advance } from '../run/runner.ts';
import { alreadyMoved } from './already-moved.ts';
import {
  beginRun,
  insistOnMachine,
  lookAt,
  lookOn,
  refuse,
  refuseOthersClaim,
  refuseVanished,
  revise,
  show,
} from './begin.ts';
import { consent, consentAgain } from './consent.ts';
import { cutOver } from './cut-over.ts';
import { OrderDesk } from './desk.ts';
import { earlierRun, isMoved, type EarlierRun } from './earlier-run.ts';
import {
  asFound,
  conclude,
  contextOf,
  planOf,
  worldOf,
  type Request,
  type Tools,
  type Verdict,
  type Visit,
} from './visit.ts';

/**
 * `neo-pull sync user@old --follow`: the daemon. Looks, decides, stages, and then follows the old machine until it is told to stop, or to cut
 * over, which it does itself. It owns its run meanwhile: orders come over its control socket.
 */
export function follow(tools: Tools, request: Request): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const seen = await lookAt(visit, request, { asksChannels: false });
    const earlier = await earlierRun(tools.stateHome, seen.plan.key);
    if (earlier && isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    await show(visit, seen);
    refuse(seen.problems.filter((found) => found.code !== 'live-exists'));
    await beginRun(visit, seen.plan, earlier);
    const daemon = await Daemon.open(visit, earlier);
    return daemon.run(request);
  });
}

/** What has the run while it follows: the desk for orders, the socket that they come by, and where it stands. */
class Daemon {
  readonly #visit: Visit;
  readonly #earlier: EarlierRun | null;
  readonly #pid: number;
  readonly #desk: OrderDesk;
  readonly #sinceMs: number;
  #standing: Standing | null = null;
  #isCuttingOver = false;

  private constructor(visit: Visit, { earlier, pid }: { earlier: EarlierRun | null; pid: number }) {
    this.#visit = visit;
    this.#earlier = earlier;
    this.#pid = pid;
    this.#sinceMs = visit.tools.clock.now();
    this.#desk = new OrderDesk(() => this.#status());
  }

  /** Takes orders from now on. */
  static async open(visit: Visit, earlier: EarlierRun | null): Promise<Daemon> {
    const { folder, bus, tools } = visit;
    if (!folder) throw new Error('the visit has not begun its run');
    const daemon = new Daemon(visit, { earlier, pid: (await ownIdentity()).pid });
    const control = await openControl(folder, tools.stateHome, (order) => daemon.#desk.handle(order));
    visit.control = control;
    bus.listen((event) => control.tell(event));
    return daemon;
  }

  async run(request: Request): Promise<Verdict> {
    const visit = this.#visit;
    visit.follower = followerFor(planOf(visit), {
      desk: this.#desk,
      known: () => knownParts(visit.journal?.events ?? []),
      tell: (standing) => (this.#standing = standing),
    });
    await advance(staging(planOf(visit), visit.follower), contextOf(visit), { again: true });
    for (;;) {
      const order = this.#desk.ending();
      if (order === null || order === 'stop') return this.#stop();
      const seen = await this.#agreed(request, order);
      if (seen) return this.#cutOver(seen);
      await advance([visit.follower.step()], contextOf(visit), { again: true });
    }
  }

  #stop(): Verdict {
    this.#desk.taken();
    return { outcome: 'staged', running: asFound(planOf(this.#visit)), exitCode: EXIT.done, problem: null };
  }

  async #cutOver(seen: Plan): Promise<Verdict> {
    const visit = this.#visit;
    this.#isCuttingOver = true;
    this.#desk.taken();
    if (await revise(visit, seen)) {
      // What moves now is not what was followed.
      await visit.follower?.close();
      visit.follower = null;
      await advance(staging(planOf(visit)), contextOf(visit), { again: true });
    } else {
      // Days may have passed since it was read; what has changed in them is read while the old gateway still serves.
      await advance(knowing(planOf(visit)), contextOf(visit), { again: true });
    }
    return cutOver(visit);
  }

  /** Looks again, for days may have passed. Null where it cannot be, or needs a word from a person: that is the answer to the order, and the following goes on. */
  async #agreed(request: Request, order: CutoverOrder): Promise<Plan | null> {
    const visit = this.#visit;
    const agreed = planOf(visit);
    try {
      const { plan, problems } = await lookOn(visit, reached(visit), { ...request, asksChannels: true });
      await insistOnMachine(agreed, plan.old.machineId);
      refuse(problems);
      await refuseVanished(visit, agreed, plan);
      await refuseOthersClaim(visit, plan, this.#earlier);
      const asked = { ...visit, tools: { ...visit.tools, yes: order.yes } };
      await consentAgain(asked, agreed, plan);
      await consent(asked, plan);
      return plan;
    } catch (error) {
      visit.tools.interrupt.signal.throwIfAborted();
      if (!(error instanceof ProblemError)) throw error;
      this.#desk.refuse(error.problem);
      return null;
    }
  }

  #status(): FollowStatus {
    const standing = this.#standing;
    const moment = (ms: number | null | undefined): string | null =>
      ms === null || ms === undefined ? null : isoTime(ms);
    return {
      v: 1,
      pid: this.#pid,
      since: isoTime(this.#sinceMs),
      phase: this.#isCuttingOver ? 'cutting-over' : (standing?.phase ?? 'seeding'),
      engine: standing?.engine ?? 'none yet',
      rounds: standing?.rounds ?? 0,
      lastRoundAt: moment(standing?.lastRoundMs),
      lastFullAt: moment(standing?.lastFullMs),
      pending: standing?.pending ?? 0,
      dirtyBytesPerSecond: standing?.dirtyBytesPerSecond ?? null,
      bytesPerSecond: standing?.bytesPerSecond ?? null,
      forecast: standing?.forecast ?? null,
      converged: standing?.converged ?? false,
      note: standing?.note ?? null,
    };
  }
}

function reached(visit: Visit): { old: Host; new: Host } {
  const { old, new: here } = worldOf(visit);
  return { old, new: here };
}

/** What the parts of an earlier cutover of this run took, by step, and the product's doctor in its warming up. Pure. */
function knownParts(events: readonly Event[]): ReadonlyMap<string, number> {
  const warm = lastTook(events, 'warm-new');
  const parts = new Map(downtimeOf(events).parts.map(({ step, ms }) => [step, ms]));
  parts.delete('last-delta');
  return warm !== null && !parts.has('doctor') ? parts.set('doctor', warm) : parts;
}

function lastTook(events: readonly Event[], step: string): number | null {
  const applied = events.findLastIndex((event) => event.type === 'step.applied' && event.step === step);
  const begun = events.slice(0, applied).findLast((event) => event.type === 'step.before' && event.step === step);
  const end = events[applied];
  return begun && end ? msBetween(begun.ts, end.ts) : null;
}
