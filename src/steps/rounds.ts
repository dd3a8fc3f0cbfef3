import { convergenceOf, forecastOf, learn, type Forecast, type Rates, type Round } from '../core/converge.ts';
import type { Places } from '../core/follow.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import type { PullStats } from '../transfer/pull.ts';
import { takesGone } from '../transfer/takes-gone.ts';
import { pass, takesPlaces } from './pass.ts';
import { byRoot, Pending, type Place } from './pending.ts';
import { withOtherNames } from './several-names.ts';
import { makeStaging } from './staging-dir.ts';
import { Tally } from './tally.ts';

/** Of so many the newest are kept, and the very first, which says most about the line. */
const KEPT_ROUNDS = 64;

/** What one round brought. */
export interface Brought {
  /** Regular files whose content came, in whole or in part. */
  readonly files: number;
}

/** What is expected of a cutover now. */
export interface Outlook {
  readonly rates: Rates;
  readonly forecast: Forecast;
  readonly converged: boolean;
}

/** Passes while the old gateway serves, one after the other, and what they teach. */
export class Rounds {
  /** What has changed and is not staged yet. */
  readonly pending = new Pending();
  readonly #plan: Plan;
  readonly #tally: Tally;
  readonly #known: () => ReadonlyMap<string, number>;
  readonly #rounds: Round[] = [];
  readonly #forecasts: number[] = [];
  #takesPlaces: boolean;
  #seeksGone = false;
  #lastWholeMs: number | null = null;
  #left: readonly string[] = [];
  #isPartial = false;
  #count = 0;

  /** `known` gives what parts of a cutover took before, by step, in milliseconds. */
  constructor(plan: Plan, known: () => ReadonlyMap<string, number>) {
    this.#plan = plan;
    this.#known = known;
    this.#tally = new Tally(plan.roots, plan.limits.maxDelete);
    this.#takesPlaces = takesPlaces(plan);
  }

  get count(): number {
    return this.#count;
  }

  /** The newest; null before the first. */
  get last(): Round | null {
    return this.#rounds.at(-1) ?? null;
  }

  /** When the last pass over everything ended. */
  get lastWholeMs(): number | null {
    return this.#lastWholeMs;
  }

  /** What the last pass over everything could not copy, in rsync's words; the first lines. */
  get left(): readonly string[] {
    return this.#left;
  }

  /** Did the last pass over everything leave something that it could not copy? Another one at once would, too. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  /** The roots, with what the last pass over everything saw of each. */
  get roots(): readonly Root[] {
    return this.#tally.roots();
  }

  /** How many entries of a root the next pass may delete in staging; null before the first pass over everything. */
  most(root: Root): number | null {
    return this.#tally.most(root);
  }

  /** Must passes over places seek what is gone? */
  get seeksGone(): boolean {
    return this.#seeksGone;
  }

  /** Finds out how passes over places have to be made. */
  async tryPlaces({ new: local, run, clock, signal }: World): Promise<void> {
    const rsync = this.#plan.new.rsync.path;
    if (!this.#takesPlaces) return;
    this.#seeksGone = !(await takesGone({ local, rsync }, run.path, { clock, signal }));
  }

  /** A pass over everything. Throws what a pass throws. */
  async whole(world: World, { isWatched }: { isWatched: boolean }): Promise<Brought> {
    const startedMs = world.clock.now();
    this.pending.beginWhole({ isWatched });
    let [wireBytes, partial, files] = [0, false, 0];
    const left: string[] = [];
    for (const root of this.#plan.roots) {
      await makeStaging(root, this.#plan.new.uid);
      const stats = await this.#pass(root, world);
      wireBytes += stats.wireBytes;
      files += stats.files;
      // What vanished meanwhile was told.
      if (!stats.partial || (isWatched && stats.vanished)) continue;
      partial = true;
      if (!stats.vanished) left.push(...stats.errors);
    }
    this.#isPartial = partial;
    this.#left = left;
    this.pending.endWhole({ partial });
    this.#lastWholeMs = world.clock.now();
    await this.#ended({ full: true, startedMs, wireBytes, isWatched }, world);
    return { files };
  }

  /** A pass over what is pending; null, and nothing done, where only one over everything will do. Throws what a pass throws. */
  async places(world: World): Promise<Brought | null> {
    const startedMs = world.clock.now();
    const taken = this.#takesPlaces ? this.pending.takePlaces(startedMs) : null;
    if (!taken) return null;
    const places = await this.#untorn(taken);
    let [wireBytes, files] = [0, 0];
    try {
      for (const [root, only] of this.#rootsOf(places)) {
        const stats = await this.#pass(root, world, only);
        wireBytes += stats.wireBytes;
        files += stats.files;
        if (stats.partial && !stats.vanished) this.pending.lose();
      }
    } catch (error) {
      return this.#inVain(error, world);
    }
    await this.#ended({ full: false, startedMs, wireBytes, isWatched: true }, world);
    return { files };
  }

  /** What a last pass has to look at; null where that is everything. */
  async lastPlaces(): Promise<Places | null> {
    const places = this.#takesPlaces ? this.pending.last() : null;
    return places && this.#untorn(places);
  }

  /** What a cutover now would take. `gatheringMs`: so long will changes have gathered when its last pass begins. */
  outlook({ isWatched, gatheringMs }: { isWatched: boolean; gatheringMs: number }): Outlook {
    const [rates, roots] = [learn(this.#rounds), this.roots];
    const forecast = forecastOf(rates, {
      steps: this.#known(),
      entries: sum(roots.map((root) => root.entries)),
      bytes: sum(roots.map((root) => root.bytes)),
      lastIsFull: !isWatched || !this.#takesPlaces,
      gatheringMs: gatheringMs + (rates.targetedMs ?? 0),
    });
    const { converged } = convergenceOf(this.#forecasts, this.#plan.limits.downtimeMs ?? null);
    return { rates, forecast, converged };
  }

  async #pass(root: Root, world: World, only?: readonly Buffer[]): Promise<PullStats> {
    const options = {
      step: 'follow',
      live: true,
      most: this.most(root),
      seeksGone: this.#seeksGone,
      ...(only ? { only } : {}),
    };
    const stats = await pass(this.#plan, root, world, options);
    this.#tally.note(root, stats, { full: only === undefined });
    return stats;
  }

  /** A pass over places that failed may have been about the places, and everything is looked at then; the line, a halt and our own end are not. */
  #inVain(error: unknown, { signal }: World): null {
    signal.throwIfAborted();
    this.pending.lose();
    const { code } = problemOf(error);
    if (code === 'account-read-only') this.#takesPlaces = false;
    if (code !== 'account-read-only' && code !== 'transfer-failed' && code !== 'mass-deletion') throw error;
    return null;
  }

  #rootsOf(places: Places): [Root, readonly Buffer[]][] {
    return this.#plan.roots.flatMap((root) => {
      const only = places.get(root.id) ?? [];
      return only.length > 0 ? [[root, only] as [Root, readonly Buffer[]]] : [];
    });
  }

  async #untorn(taken: readonly Place[]): Promise<Places> {
    const rooted = this.#rootsOf(byRoot(taken)).map(
      async ([root, only]) => [root.id, await withOtherNames(root, only)] as const,
    );
    return new Map(await Promise.all(rooted));
  }

  async #ended(
    { isWatched, ...made }: Pick<Round, 'full' | 'startedMs' | 'wireBytes'> & { isWatched: boolean },
    world: World,
  ): Promise<void> {
    const before = this.last;
    const { full, startedMs, wireBytes } = made;
    // A clock may be set back meanwhile.
    const tookMs = Math.max(0, world.clock.now() - startedMs);
    const gatheredMs = before ? startedMs - before.startedMs : -1;
    keep(this.#rounds, { ...made, tookMs, gatheredMs: gatheredMs < 0 ? null : gatheredMs });
    this.#count += 1;
    const { forecast } = this.outlook({ isWatched, gatheringMs: 0 });
    if (before) keep(this.#forecasts, forecast.totalMs);
    const places = this.pending.size;
    await world.emit({ type: 'round.done', full, tookMs, wireBytes, places, forecastMs: forecast.totalMs });
  }
}

function keep<T>(kept: T[], value: T): void {
  kept.push(value);
  if (kept.length > KEPT_ROUNDS) kept.splice(1, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
