import type { Desk, Places, Standing } from '../core/follow.ts';
import type { CutoverOrder } from '../core/order.ts';
import type { Plan, Root } from '../core/plan.ts';
import { ProblemError, problemOf, type Problem } from '../core/problem.ts';
import { keep, type Check, type Step, type World } from '../core/step.ts';
import { isoTime, parseIsoTime } from '../core/timestamp.ts';
import { firstOf } from '../host/waiters.ts';
import { dueTurn, isReady, restMs, wholeEveryMs, type Situation } from './pace.ts';
import { Pulse, type PulseLimits } from './pulse.ts';
import { Repairs } from './repairs.ts';
import { Rounds } from './rounds.ts';
import { isPassing, waitToTakeUp, wordsOf } from './take-up.ts';
import { WatchKeeper } from './watch-keeper.ts';

/** What the following needs from outside of it. */
export interface FollowWays {
  readonly desk: Desk;
  /** Is everything still where it was on the old machine, of roots that had so much in them? A Problem that stops, and is still there a moment later, halts the following. */
  readonly guard: (roots: readonly Root[]) => Check;
  /** Is an agent there in the middle of a turn? Null when none is. */
  readonly runningTurn: (world: World) => Promise<Problem | null>;
  /** What parts of a cutover took before, by step, in milliseconds. */
  readonly known: () => ReadonlyMap<string, number>;
  readonly tell: (standing: Standing) => void;
  readonly limits?: Partial<FollowLimits>;
}

/** In milliseconds. At each beat it is told where the following stands, and looked whether this machine slept, though nothing happens. */
export type FollowLimits = PulseLimits;

const LIMITS: FollowLimits = { beatMs: 15_000, sleptMs: 10_000 };

/** So long may changes gather before a round takes them. */
const GATHER_MS = 150;
/** While a cutover waits for its time or for quiet, it is looked this often whether that has come. */
const WAITING_MS = 1000;
/** What is gone there is looked for once more after so long, before it counts as gone. */
const LOOK_AGAIN_MS = 1000;
const SESSIONS = /(?:^|\/)sessions\//;
/** What the loop does next. */
type Turn = 'watch' | 'whole' | 'places' | 'end';

/**
 * Keeps staging within seconds of the old machine while the gateway there goes on serving, until it is told to stop or to cut over. One
 * goes with one visit: what it has seen is worth nothing after a crash, and then everything is looked at again.
 */
export class Follower {
  readonly #plan: Plan;
  readonly #ways: FollowWays;
  readonly #rounds: Rounds;
  readonly #repairs: Repairs;
  readonly #watch: WatchKeeper;
  readonly #pulse = new Pulse();
  readonly #limits: FollowLimits;
  #note: string | null = null;
  #failures = 0;
  #readied: CutoverOrder | null = null;
  #isLineLost = false;
  #quietSinceMs = 0;

  constructor(plan: Plan, ways: FollowWays) {
    this.#plan = plan;
    this.#ways = ways;
    this.#rounds = new Rounds(plan, ways.known);
    this.#repairs = new Repairs(plan.roots);
    this.#watch = new WatchKeeper(plan);
    this.#limits = { ...LIMITS, ...ways.limits };
  }

  /** The step that follows. It ends when it is told to, or by a Problem: one with exit 13 where the old machine is not as it was. */
  step(): Step<null> {
    return {
      id: 'follow',
      title: 'Follow the old machine while its gateway goes on serving',
      touches: 'staging',
      before: () => Promise.resolve(null),
      apply: (world) => this.#follow(world),
      undo: keep('staging serves the next try'),
    };
  }

  /**
   * What the last pass has to look at, now that the old gateway is stopped; null where only everything will do: no watcher, one that
   * cannot prove that it has told everything, or `--paranoid`. The watcher runs on.
   */
  async lastPlaces(world: World): Promise<Places | null> {
    await this.#repairs.hear(world);
    await this.#repairs.close();
    const order = this.#ways.desk.ending();
    if (this.#repairs.isNeeded || (order !== null && order !== 'stop' && order.paranoid)) return null;
    const isSettled = await this.#watch.settled(world);
    this.#hear(world);
    return isSettled ? this.#rounds.lastPlaces() : null;
  }

  /** How many entries of a root the last pass may delete in staging; null before the first pass over everything. */
  most(root: Root): number | null {
    return this.#rounds.most(root);
  }

  /** Must a last pass over places seek what is gone? */
  get seeksGone(): boolean {
    return this.#rounds.seeksGone;
  }

  /** Why a cutover may not begin now: words for what it waits for, or a Problem; null when it may. Throws what a look throws. */
  async obstacle(order: CutoverOrder, world: World): Promise<string | Problem | null> {
    this.#hear(world);
    return this.#tooEarly(order, world.clock.now()) ?? (order.force ? null : await this.#ways.runningTurn(world));
  }

  /** Ends the watcher on the old machine, and that of the copy. Repeatable. */
  async close(): Promise<void> {
    await this.#repairs.close();
    await this.#watch.close();
  }

  async #follow(world: World): Promise<void> {
    const over = new AbortController();
    const pulse = this.#pulse.beat(world.clock, this.#limits, over.signal);
    try {
      await this.#turns(world);
    } finally {
      over.abort();
      await pulse;
    }
  }

  async #turns(world: World): Promise<void> {
    this.#quietSinceMs = world.clock.now();
    await this.#rounds.tryPlaces(world);
    for (let turn: Turn = 'watch'; turn !== 'end';) {
      try {
        await this.#take(turn, world);
        this.#failures = 0;
        turn = await this.#next(world);
      } catch (error) {
        world.signal.throwIfAborted();
        if (!isPassing(error)) throw error;
        turn = await this.#afterFailure(problemOf(error), world);
      }
    }
  }

  async #take(turn: Exclude<Turn, 'end'>, world: World): Promise<void> {
    if (turn === 'watch') await this.#begin(world);
    if (turn === 'places' && this.#rounds.pending.isFateful(this.#plan)) await this.#halt(world);
    const brought = turn === 'places' ? await this.#repairs.during(() => this.#rounds.places(world), world) : null;
    if (brought) return;
    await this.#halt(world);
    this.#hear(world);
    const { isWatching } = this.#watch;
    const { files } = await this.#repairs.duringWhole(
      () => this.#rounds.whole(world, { isWatched: isWatching }),
      world,
    );
    if (!isWatching && files > 0) this.#quietSinceMs = world.clock.now();
    const [left] = this.#rounds.left;
    if (left !== undefined) await this.#tellOnce(world, `Some of it cannot be copied: ${left}`);
    // What made it necessary is over.
    else if (isWatching) this.#note = null;
  }

  /** Waits for the next thing to do. */
  async #next(world: World): Promise<Turn> {
    for (;;) {
      await this.#awake(world);
      this.#hear(world);
      await this.#repairs.hear(world);
      this.#tell(world);
      const end = await this.#end(world);
      if (end !== null) return end;
      const due = this.#ways.desk.isPaused() ? null : dueTurn(this.#situation(world.clock.now()));
      if (due !== null) return due;
      await this.#something(world);
    }
  }

  #situation(nowMs: number): Situation {
    const { last, lastWholeMs, isPartial, pending } = this.#rounds;
    return {
      nowMs,
      ...{ last, lastWholeMs, isPartial },
      isWatching: this.#watch.isWatching,
      isWatchDue: this.#watch.isDue(nowMs),
      isAll: pending.isAll,
      pending: pending.size,
      repairMs: this.#repairs.waitMs(nowMs),
    };
  }

  /** Is there an order to end, and what is to be done for it now? Null when nothing is. */
  async #end(world: World): Promise<Turn | null> {
    const { desk } = this.#ways;
    const order = desk.ending();
    if (order === null || order === 'stop') return order && 'end';
    const why = await this.obstacle(order, world);
    if (why === null) {
      const mayBegin = this.#readied === order || isReady(this.#situation(world.clock.now()));
      // Once for each order: one that never comes to rest is not waited for.
      this.#readied = order;
      return mayBegin ? 'end' : 'whole';
    }
    if (typeof why !== 'string' && order.at === null && order.whenIdleMs === null) desk.refuse(order, why);
    this.#note = typeof why === 'string' ? why : why.message;
    return null;
  }

  #tooEarly({ at, whenIdleMs }: CutoverOrder, nowMs: number): string | null {
    if (at !== null && nowMs < parseIsoTime(at)) return `The cutover begins at ${at}.`;
    const quietMs = nowMs - this.#quietSinceMs;
    if (whenIdleMs === null || quietMs >= whenIdleMs) return null;
    return `The cutover waits until nothing was written to the sessions for ${whenIdleMs / 1000} s; the last time was ${isoTime(this.#quietSinceMs)}.`;
  }

  /** Waits for a change there, an order here, or the time of the next pass over everything. */
  async #something(world: World): Promise<void> {
    const { clock, signal, emit } = world;
    const nowMs = clock.now();
    const isResting = this.#ways.desk.isPaused() || restMs(this.#situation(nowMs)) > 0;
    const waits = [
      (over: AbortSignal) => clock.sleep(this.#waitMs(nowMs), over),
      (over: AbortSignal) => this.#ways.desk.changed(over),
      (over: AbortSignal) => this.#pulse.changed(over),
      (over: AbortSignal) => (this.#repairs.isNeeded ? never(over) : this.#repairs.changed(over)),
      (over: AbortSignal) => (this.#watch.isWatching ? this.#watch.ended(over) : never(over)),
      (over: AbortSignal) => (this.#watch.isWatching && !isResting ? this.#gathered(clock, over) : never(over)),
    ];
    try {
      await firstOf(signal, waits);
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = problemOf(error);
      await this.#loseWatcher(message, world);
      // Of the line it is told when it does not come back.
      if (code !== 'connection-lost') await emit({ type: 'notice', message: `${message} It is started again.` });
    }
  }

  async #gathered(clock: World['clock'], over: AbortSignal): Promise<void> {
    await this.#watch.changed(over);
    await clock.sleep(GATHER_MS, over);
  }

  #waitMs(nowMs: number): number {
    const now = this.#situation(nowMs);
    const rest = restMs(now);
    const waits = [this.#limits.beatMs, wholeEveryMs(now), now.repairMs ?? Infinity, rest > 0 ? rest : Infinity];
    return Math.min(...waits, this.#ways.desk.ending() === null ? Infinity : WAITING_MS);
  }

  /** After a sleep what was told before says little, and a line that seems to stand may be dead: everything is begun again, once. */
  async #awake(world: World): Promise<void> {
    const gap = this.#pulse.take();
    if (gap === null) return;
    const message = `Everything is looked at again: ${gap}.`;
    await world.emit({ type: 'notice', message });
    this.#quietSinceMs = world.clock.now();
    await this.#loseWatcher(message, world);
  }

  /** Takes in what the watcher has told since. */
  #hear({ clock }: Pick<World, 'clock'>): void {
    const { gap, places } = this.#watch.take();
    if (gap !== null) {
      this.#rounds.pending.lose();
      this.#note = `Everything is looked at again: ${gap}.`;
    }
    this.#rounds.pending.add(places);
    if (places.some(({ path }) => SESSIONS.test(path.toString('latin1')))) this.#quietSinceMs = clock.now();
  }

  async #begin(world: World): Promise<void> {
    const why = await this.#watch.start(world);
    if (why === null) this.#note = null;
    else
      await this.#tellOnce(
        world,
        `Changes there cannot be watched, so everything is looked at again and again. ${why}`,
      );
  }

  async #loseWatcher(why: string, world: World): Promise<void> {
    this.#rounds.pending.lose();
    this.#note = why;
    await this.#watch.lost(world);
  }

  async #halt(world: World): Promise<void> {
    const look = async (): Promise<Problem | undefined> =>
      (await this.#ways.guard(this.#rounds.roots).run(world)).find(({ stops }) => stops);
    if (!(await look())) return;
    // Whoever edits or mounts something takes it away for a moment, and nobody is served sooner by a halt.
    await world.clock.sleep(LOOK_AGAIN_MS, world.signal);
    const stopping = await look();
    if (stopping) throw new ProblemError(stopping);
  }

  /** Tells what does not work for now, and waits until it is worth another try: the old gateway serves, and what is staged stays. */
  async #afterFailure(why: Problem, world: World): Promise<Turn> {
    this.#failures += 1;
    this.#isLineLost = why.code === 'connection-lost';
    await this.#tellOnce(world, wordsOf(why));
    await this.#loseWatcher(wordsOf(why), world);
    this.#tell(world);
    const { reconnectMs } = this.#plan.limits;
    const isOver = await waitToTakeUp(why, this.#failures, { world, desk: this.#ways.desk, reconnectMs });
    this.#isLineLost = false;
    return isOver ? 'end' : 'watch';
  }

  async #tellOnce({ emit }: World, message: string): Promise<void> {
    if (this.#note !== message) await emit({ type: 'notice', message });
    this.#note = message;
  }

  #tell({ clock }: Pick<World, 'clock'>): void {
    const { isWatching, engine } = this.#watch;
    const { forecast, rates, converged } = this.#rounds.outlook({
      isWatched: isWatching,
      gatheringMs: isWatching ? GATHER_MS : wholeEveryMs(this.#situation(clock.now())) / 2,
    });
    const { last, count, lastWholeMs, pending } = this.#rounds;
    this.#ways.tell({
      phase: this.#phase(),
      engine,
      rounds: count,
      lastRoundMs: last && last.startedMs + last.tookMs,
      lastFullMs: lastWholeMs,
      pending: pending.size,
      bytesPerSecond: rates.bytesPerSecond,
      dirtyBytesPerSecond: rates.dirtyBytesPerSecond,
      forecast: last && forecast,
      converged,
      note: this.#note,
    });
  }

  #phase(): Standing['phase'] {
    if (this.#isLineLost) return 'waiting-for-line';
    if (this.#ways.desk.ending() !== null) return 'cutover-waiting';
    if (this.#ways.desk.isPaused()) return 'paused';
    return this.#watch.isWatching ? 'following' : 'polling';
  }
}

/** Ends only with the signal. */
function never(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
