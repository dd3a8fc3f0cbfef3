import type { Desk, Places, Standing } from '../core/follow.ts';
import type { CutoverOrder } from '../core/order.ts';
import type { Plan } from '../core/plan.ts';
import { ProblemError, problemOf, type Problem } from '../core/problem.ts';
import { keep, type Check, type Step, type World } from '../core/step.ts';
import { isoTime, parseIsoTime } from '../core/timestamp.ts';
import { runOk } from '../host/run.ts';
import { startWatcher, type Watcher } from '../watch/watcher.ts';
import { claimFolder } from './claim.ts';
import { Rounds } from './rounds.ts';

/** What the following needs from outside of it. */
export interface FollowWays {
  readonly desk: Desk;
  /** Is everything still where it was on the old machine? Asked before each pass over everything; a Problem that stops halts the following. */
  readonly guard: Check;
  /** Is an agent there in the middle of a turn? Null when none is. */
  readonly runningTurn: (world: World) => Promise<Problem | null>;
  /** What parts of a cutover took before, by step, in milliseconds. */
  readonly known: () => ReadonlyMap<string, number>;
  readonly tell: (standing: Standing) => void;
}

/** So long may changes gather before a round takes them. */
const GATHER_MS = 150;
/** Between two rounds there is three times as much rest as the last one took, but no more than this: the old machine has other things to do. */
const REST_MS = 1500;
/** A pass over everything at least so often, however healthy the watcher is. */
const WHOLE_EVERY_MS = 5 * 60_000;
/** Without a watcher, or where something could not be copied: this often, or in ten times as long as a pass takes. */
const POLL_MS = 5000;
/** A watcher that could not be started is tried again this often. */
const WATCH_AGAIN_MS = 10 * 60_000;
/** Between tries of a line that does not come back: this at first, doubled up to the last. */
const LINE_MS = { first: 2000, last: 60_000 } as const;
/** How long the proof by a cookie may take while no gateway serves. */
const SETTLE_MS = 3000;
const ANSWER_MS = 60_000;
/** While a cutover waits for its time or for quiet, it is looked this often whether that has come. */
const WAITING_MS = 1000;
/** A wait that took so much longer than it should: this machine slept meanwhile, and nothing told since is worth much. */
const SLEPT_MS = 30_000;
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
  #watcher: Watcher | null = null;
  #note: string | null = null;
  #waitsForLine = false;
  #triedMs = 0;
  #quietSinceMs = 0;

  constructor(plan: Plan, ways: FollowWays) {
    this.#plan = plan;
    this.#ways = ways;
    this.#rounds = new Rounds(plan, ways.known);
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
    const order = this.#ways.desk.ending();
    if (!this.#watcher || (order !== null && order !== 'stop' && order.paranoid)) return null;
    const isSettled = await this.#watcher.settled(world.signal, SETTLE_MS).catch(() => {
      world.signal.throwIfAborted();
      return false;
    });
    this.#hear(world);
    return isSettled ? this.#rounds.lastPlaces() : null;
  }

  /** Ends the watcher on the old machine. Repeatable. */
  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = null;
    await watcher?.close();
  }

  async #follow(world: World): Promise<void> {
    this.#quietSinceMs = world.clock.now();
    for (let turn: Turn = 'watch'; turn !== 'end'; turn = await this.#next(world)) {
      try {
        await this.#take(turn, world);
      } catch (error) {
        world.signal.throwIfAborted();
        if (problemOf(error).code !== 'connection-lost') throw error;
        await this.#waitForLine(world);
      }
    }
  }

  async #take(turn: Exclude<Turn, 'end'>, world: World): Promise<void> {
    if (turn === 'watch') await this.#watch(world);
    if (turn === 'places' && this.#rounds.pending.isFateful(this.#plan)) await this.#halt(world);
    const brought = turn === 'places' ? await this.#rounds.places(world) : null;
    if (brought) return;
    await this.#halt(world);
    this.#hear(world);
    const { files } = await this.#rounds.whole(world, { isWatched: this.#watcher !== null });
    if (!this.#watcher && files > 0) this.#quietSinceMs = world.clock.now();
    // What made it necessary is over.
    if (this.#watcher) this.#note = null;
  }

  /** Waits for the next thing to do. */
  async #next(world: World): Promise<Turn> {
    for (;;) {
      this.#hear(world);
      this.#tell();
      if (await this.#mayEnd(world)) return 'end';
      const due = this.#ways.desk.isPaused() ? null : this.#due(world.clock.now());
      if (due !== null) return due;
      await this.#something(world);
    }
  }

  #due(nowMs: number): Turn | null {
    if (!this.#watcher && nowMs - this.#triedMs >= WATCH_AGAIN_MS) return 'watch';
    const isLate = nowMs - (this.#rounds.lastWholeMs ?? 0) >= this.#wholeEveryMs();
    const { pending, isPartial } = this.#rounds;
    if (isLate || (this.#watcher && !pending.isAll && !isPartial)) return 'whole';
    return pending.isAll && pending.size > 0 && this.#restMs(nowMs) === 0 ? 'places' : null;
  }

  /** How long it still rests before the next round. */
  #restMs(nowMs: number): number {
    const { last } = this.#rounds;
    if (!last) return 0;
    const restMs = Math.min(REST_MS, 3 * last.tookMs);
    return Math.min(restMs, Math.max(0, last.startedMs + last.tookMs + restMs - nowMs));
  }

  #wholeEveryMs(): number {
    const isTold = this.#watcher !== null && !this.#rounds.isPartial;
    return isTold ? WHOLE_EVERY_MS : Math.max(POLL_MS, 10 * (this.#rounds.last?.tookMs ?? 0));
  }

  /** Is there an order to end, and may it be followed now? One that has nothing to wait for is refused where it may not. */
  async #mayEnd(world: World): Promise<boolean> {
    const { desk } = this.#ways;
    const order = desk.ending();
    if (order === null || order === 'stop') return order === 'stop';
    const early = this.#tooEarly(order, world.clock.now());
    if (early !== null) {
      this.#note = early;
      return false;
    }
    const turn = order.force ? null : await this.#ways.runningTurn(world);
    if (turn === null) return true;
    if (order.at === null && order.whenIdleMs === null) desk.refuse(turn);
    this.#note = turn.message;
    return false;
  }

  #tooEarly({ at, whenIdleMs }: CutoverOrder, nowMs: number): string | null {
    if (at !== null && nowMs < parseIsoTime(at)) return `The cutover begins at ${at}.`;
    const quietMs = nowMs - this.#quietSinceMs;
    if (whenIdleMs === null || quietMs >= whenIdleMs) return null;
    return `The cutover waits until nothing was written to the sessions for ${whenIdleMs / 1000} s; the last time was ${isoTime(this.#quietSinceMs)}.`;
  }

  /** Waits for a change there, an order here, or the time of the next pass over everything. */
  async #something({ clock, signal, emit }: World): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const { desk } = this.#ways;
    const restMs = this.#rounds.pending.size > 0 && !desk.isPaused() ? this.#restMs(clock.now()) : 0;
    const waitMs = restMs > 0 ? restMs : desk.ending() === null ? this.#wholeEveryMs() : WAITING_MS;
    const waits = [clock.sleep(waitMs, either), desk.changed(either)];
    if (this.#watcher) waits.push(this.#watcher.over);
    if (this.#watcher && restMs === 0 && !desk.isPaused()) {
      waits.push(this.#watcher.changed(either).then(() => clock.sleep(GATHER_MS, either)));
    }
    const startedMs = clock.now();
    try {
      await Promise.race(waits);
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = problemOf(error);
      await this.#loseWatcher(message);
      // Of the line it is told when it does not come back.
      if (code !== 'connection-lost') await emit({ type: 'notice', message: `${message} It is started again.` });
    } finally {
      over.abort();
      for (const wait of waits) wait.catch(() => undefined);
    }
    const lateMs = clock.now() - startedMs - waitMs;
    if (Math.abs(lateMs) > SLEPT_MS && lateMs > 0) this.#rounds.pending.lose();
  }

  /** Takes in what the watcher has told since. */
  #hear({ clock }: Pick<World, 'clock'>): void {
    if (!this.#watcher) return;
    const gap = this.#watcher.takeGap();
    const told = this.#watcher.take();
    if (gap !== null) {
      this.#rounds.pending.lose();
      this.#note = `Everything is looked at again: ${gap}.`;
    }
    this.#rounds.pending.add(told.map(({ root, ...place }) => ({ ...place, root: root.id })));
    if (told.some(({ path }) => SESSIONS.test(path.toString('latin1')))) this.#quietSinceMs = clock.now();
  }

  async #watch(world: World): Promise<void> {
    const { old, clock, signal } = world;
    const { roots, excludes } = this.#plan;
    const { node } = this.#plan.old.gateway;
    this.#triedMs = clock.now();
    await this.close();
    const options = { old, node, roots, excludes, clock, signal };
    try {
      this.#watcher = await startWatcher({ ...options, cookieDir: claimFolder(this.#plan) }).catch((error: unknown) => {
        // An account that may only read makes no cookies.
        if (problemOf(error).code !== 'account-read-only') throw error;
        return startWatcher({ ...options, cookieDir: null });
      });
      this.#watcher.over.catch(() => undefined);
      this.#note = null;
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = problemOf(error);
      if (code === 'connection-lost' || code === 'bug') throw error;
      await this.#tellOnce(
        world,
        `Changes there cannot be watched, so everything is looked at again and again. ${message}`,
      );
    }
  }

  async #loseWatcher(why: string): Promise<void> {
    this.#rounds.pending.lose();
    // The next turn starts another one, and finds out whether it was the line.
    this.#triedMs = 0;
    this.#note = why;
    await this.close().catch(() => undefined);
  }

  async #halt(world: World): Promise<void> {
    const look = async (): Promise<Problem | undefined> =>
      (await this.#ways.guard.run(world)).find(({ stops }) => stops);
    if (!(await look())) return;
    // Whoever edits or mounts something takes it away for a moment, and nobody is served sooner by a halt.
    await world.clock.sleep(LOOK_AGAIN_MS, world.signal);
    const stopping = await look();
    if (stopping) throw new ProblemError(stopping);
  }

  /** For as long as it takes: the old gateway serves, and what is staged stays. */
  async #waitForLine(world: World): Promise<void> {
    const { clock, signal } = world;
    await this.#tellOnce(
      world,
      'The connection was lost. Connecting again; what arrived is kept, and the old gateway serves.',
    );
    await this.#loseWatcher(this.#note ?? '');
    this.#waitsForLine = true;
    const timeoutMs = this.#plan.limits.reconnectMs + ANSWER_MS;
    for (let waitMs: number = LINE_MS.first; this.#waitsForLine; waitMs = Math.min(waitMs * 2, LINE_MS.last)) {
      this.#tell();
      try {
        await runOk(world.old, ['true'], { clock, signal, timeoutMs });
        this.#waitsForLine = false;
      } catch (error) {
        signal.throwIfAborted();
        if (problemOf(error).code !== 'connection-lost') throw error;
        this.#waitsForLine = this.#ways.desk.ending() !== 'stop' && !(await this.#toldWithin(waitMs, world));
      }
    }
    this.#note = null;
  }

  /** Waits that long for an order to stop; true when it came. */
  async #toldWithin(waitMs: number, { clock, signal }: World): Promise<boolean> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const waits = [clock.sleep(waitMs, either), this.#ways.desk.changed(either)];
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
      for (const wait of waits) wait.catch(() => undefined);
    }
    return this.#ways.desk.ending() === 'stop';
  }

  async #tellOnce({ emit }: World, message: string): Promise<void> {
    if (this.#note !== message) await emit({ type: 'notice', message });
    this.#note = message;
  }

  #tell(): void {
    const { forecast, rates, converged } = this.#rounds.outlook({
      isWatched: this.#watcher !== null,
      gatheringMs: this.#watcher ? GATHER_MS : this.#wholeEveryMs() / 2,
    });
    const { last, count, lastWholeMs, pending } = this.#rounds;
    this.#ways.tell({
      phase: this.#phase(),
      engine: this.#watcher?.state().engine ?? 'polling',
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
    if (this.#waitsForLine) return 'waiting-for-line';
    if (this.#ways.desk.ending() !== null) return 'cutover-waiting';
    if (this.#ways.desk.isPaused()) return 'paused';
    return this.#watcher ? 'following' : 'polling';
  }
}
