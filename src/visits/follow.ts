import { downtimeOf } from '../core/downtime.ts';
import type { Event } from '../core/event.ts';
import { EXIT } from '../core/exit.ts';
import type { Standing } from '../core/follow.ts';
import type { CutoverOrder, FollowStatus } from '../core/order.ts';
import type { Host } from '../core/host.ts';
import type { Plan } from '../core/plan.ts';
import { fail, ProblemError, type Problem } from '../core/problem.ts';
import type { AnyStep } from '../core/step.ts';
import { isoTime, msBetween } from '../core/timestamp.ts';
import { followerFor, knowing, staging } from '../migrate.ts';
import { joined } from '../host/joined.ts';
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
import { consentAgain } from './consent.ts';
import { cutOver } from './cut-over.ts';
import { OrderDesk } from './desk.ts';
import { isSeveral } from './several.ts';
import { earlierRun, isMoved, type EarlierRun } from './earlier-run.ts';
import { takeSettings, type NewSettings } from './new-settings.ts';
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
    if (isSeveral(request)) throw oneOnly();
    const seen = await lookAt(visit, request, { asksChannels: false });
    const earlier = await earlierRun(tools.stateHome, seen.plan.key);
    if (earlier && isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    await show(visit, seen);
    refuse(seen.problems.filter((found) => found.code !== 'live-exists'));
    await beginRun(visit, seen.plan, earlier);
    return followRun(visit, request, earlier);
  });
}

/** Stages and follows, in the run that the visit has open, until an order or a Problem ends it. `earlier` is that run as it was found. */
export async function followRun(visit: Visit, request: Request, earlier: EarlierRun | null): Promise<Verdict> {
  const daemon = await Daemon.open(visit, earlier);
  return daemon.run(request);
}

function oneOnly(): ProblemError {
  return fail('option-invalid', {
    message: 'Only one gateway can be followed by one neo-pull.',
    hint: 'Name it with --profile NAME, and start another neo-pull for each of the others. Without --follow several can be copied at once.',
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
  #among: Request['among'] = undefined;

  private constructor(visit: Visit, { earlier, pid }: { earlier: EarlierRun | null; pid: number }) {
    this.#visit = visit;
    this.#earlier = earlier;
    this.#pid = pid;
    this.#sinceMs = visit.tools.clock.now();
    const dropped = (problem: Problem): void => void visit.bus.emit({ type: 'order.dropped', problem });
    this.#desk = new OrderDesk(() => this.#status(), dropped);
  }

  /** Takes orders from now on. */
  static async open(visit: Visit, earlier: EarlierRun | null): Promise<Daemon> {
    const { folder, bus, tools } = visit;
    if (!folder) throw new Error('the visit has not begun its run');
    const daemon = new Daemon(visit, { earlier, pid: (await ownIdentity()).pid });
    const control = await openControl(folder, tools.stateHome, (order) => daemon.#desk.handle(order));
    visit.control = control;
    bus.listen((event) => control.tell(event));
    daemon.#tell();
    return daemon;
  }

  /** Follows, and hears meanwhile of new settings. */
  async run(request: Request): Promise<Verdict> {
    const stop = this.#visit.tools.following?.settings?.listen((news) => void this.#heard(news, request));
    try {
      return await this.#run(request);
    } finally {
      await stop?.();
    }
  }

  /** What cannot be told is told by the next event that is awaited. */
  async #heard(news: NewSettings, { among }: Request): Promise<void> {
    const followed = planOf(this.#visit).old.gateway.product;
    const taken = takeSettings(news, { followed, isNamed: among === undefined });
    this.#among = taken.among ?? this.#among;
    await this.#visit.bus.emit({ type: 'notice', message: taken.message }).catch(() => undefined);
  }

  async #run(request: Request): Promise<Verdict> {
    const visit = this.#visit;
    const { limits } = visit.tools.following ?? {};
    const follower = followerFor(planOf(visit), {
      ...(limits && { limits }),
      desk: this.#desk,
      known: () => knownParts(visit.journal?.events ?? []),
      tell: (standing) => {
        this.#standing = standing;
        this.#tell();
      },
    });
    visit.follower = follower;
    try {
      await this.#advance(staging(planOf(visit), follower));
      for (;;) {
        const order = this.#desk.ending();
        if (order === 'stop' || order === null) break;
        const seen = await this.#agreed(request, order);
        if (seen && this.#desk.taken(order)) return await this.#cutOver(seen);
        await this.#advance([follower.step()]);
      }
    } catch (error) {
      // Whatever was under way when it was told to stop is taken up by the next one.
      if (!this.#desk.stopped.aborted || error !== this.#desk.stopped.reason) throw error;
    }
    return this.#stop();
  }

  /** Until it is told to stop. */
  async #advance(steps: readonly AnyStep[]): Promise<void> {
    const { world, state } = contextOf(this.#visit);
    const { signal, release } = joined(world.signal, this.#desk.stopped);
    await advance(steps, { world: { ...world, signal }, state }, { again: true }).finally(release);
  }

  #stop(): Verdict {
    this.#desk.taken('stop');
    return { outcome: 'staged', running: asFound(planOf(this.#visit)), exitCode: EXIT.done, problem: null };
  }

  async #cutOver(seen: Plan): Promise<Verdict> {
    const visit = this.#visit;
    this.#isCuttingOver = true;
    this.#tell();
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
    // The one question was asked by whoever gave the order; nobody else is asked anything here.
    const asked: Visit = { ...visit, tools: { ...visit.tools, ask: null, yes: order.yes } };
    const replace = request.asked.replace || order.yes || agreed.roots.some(({ liveExists }) => liveExists);
    try {
      const among = this.#among && { among: this.#among };
      const wanted = { ...request, ...among, asked: { ...request.asked, replace }, asksChannels: true };
      const { plan, problems } = await lookOn(asked, reached(visit), wanted);
      await insistOnMachine(agreed, plan.old.machineId);
      refuse(problems);
      await refuseVanished(visit, agreed, plan);
      await refuseOthersClaim(visit, plan, this.#earlier);
      await consentAgain(asked, agreed, plan);
      // The look has taken its time.
      const why = await visit.follower?.obstacle(order, worldOf(visit));
      if (typeof why === 'object' && why !== null && isAtOnce(order)) throw new ProblemError(why);
      return why ? null : plan;
    } catch (error) {
      visit.tools.interrupt.signal.throwIfAborted();
      if (!(error instanceof ProblemError)) throw error;
      // An appointment is not given up for a line that is away just then.
      if (isAtOnce(order) || error.problem.code !== 'connection-lost') this.#desk.refuse(order, error.problem);
      return null;
    }
  }

  #tell(): void {
    this.#visit.tools.following?.hear?.(this.#status());
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

function isAtOnce({ at, whenIdleMs }: CutoverOrder): boolean {
  return at === null && whenIdleMs === null;
}

/**
 * What the parts of an earlier cutover of this run took, by step, and the product's doctor in its warming up. Of one that was taken back only the
 * way forward counts; the start that it did not come to is like the quiet one. Pure.
 */
export function knownParts(events: readonly Event[]): ReadonlyMap<string, number> {
  const warm = lastTook(events, 'warm-new');
  const parts = new Map(downtimeOf(forward(events)).parts.map(({ step, ms }) => [step, ms]));
  const quiet = parts.get('start-quiet');
  if (quiet !== undefined && !parts.has('start-new')) parts.set('start-new', quiet);
  parts.delete('last-delta');
  return warm !== null && !parts.has('doctor') ? parts.set('doctor', warm) : parts;
}

/** Up to where the last cutover began to be taken back. */
function forward(events: readonly Event[]): readonly Event[] {
  const down = events.findLastIndex(({ type }) => type === 'run.down');
  const back = events.findIndex(({ type }, at) => at > down && type === 'run.unwinding');
  return down < 0 || back < 0 ? events : events.slice(0, back);
}

function lastTook(events: readonly Event[], step: string): number | null {
  const applied = events.findLastIndex((event) => event.type === 'step.applied' && event.step === step);
  const begun = events.slice(0, applied).findLast((event) => event.type === 'step.before' && event.step === step);
  const end = events[applied];
  return begun && end ? msBetween(begun.ts, end.ts) : null;
}
