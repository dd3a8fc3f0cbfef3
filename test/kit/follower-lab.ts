import { getEventListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyIsWhole } from '../../src/checks/copy.ts';
import type { EventBody } from '../../src/core/event.ts';
import { EXCLUDE_TABLE } from '../../src/core/exclude.ts';
import type { Desk, Standing } from '../../src/core/follow.ts';
import type { Host } from '../../src/core/host.ts';
import type { CutoverOrder } from '../../src/core/order.ts';
import type { Plan } from '../../src/core/plan.ts';
import { ProblemError, type Problem } from '../../src/core/problem.ts';
import type { World } from '../../src/core/step.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { Waiters } from '../../src/host/waiters.ts';
import { lastDelta } from '../../src/steps/copy-roots.ts';
import { Follower } from '../../src/steps/follow.ts';
import { samplePlan } from '../cli/sample.ts';
import { waitFor } from './wait.ts';

export const CUT_OVER: CutoverOrder = {
  ...{ order: 'cutover', at: null, whenIdleMs: null, force: true, paranoid: false, yes: true },
};

export interface FollowerLabOptions {
  /** Starts the watcher; one that is not there means polling. */
  readonly watcherNode?: string;
  /** In place of a LocalHost. */
  readonly old?: Host;
  /** As in a Plan; without it nothing is too much. */
  readonly maxDelete?: number;
  /** The rsync of the new machine; the one that is installed without it. */
  readonly rsync?: string;
}

/** A tree that is followed, without a gateway on it: as much of a move as the following and the last pass need. */
export interface FollowerLab {
  readonly folder: string;
  readonly tree: string;
  readonly staging: string;
  readonly events: readonly EventBody[];
  /** How many wait on the one signal that lives as long as the following. */
  listeners(): number;
  /** Begins to follow, and resolves when all was looked at once. */
  start(): Promise<void>;
  standing(): Standing;
  /** What it has ended by, once it has. */
  failure(): Error | null;
  /** Resolves when nothing that was told is waiting any more; null where it has ended. */
  atRest(): Promise<void>;
  /** Ends the following as a cutover does, and makes the last pass. Was it one over what had changed only? */
  lastPass(): Promise<{ readonly isTargeted: boolean }>;
  /** In what staging differs from the tree, by the check that a cutover makes. */
  differences(): Promise<readonly Problem[]>;
  /** Repeatable. */
  destroy(): Promise<void>;
}

/** A desk at which one order can be put. */
class OneOrder implements Desk {
  #ending: CutoverOrder | null = null;
  readonly #news = new Waiters();

  isPaused(): boolean {
    return false;
  }

  ending(): CutoverOrder | null {
    return this.#ending;
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#news.wait(signal);
  }

  refuse(_: CutoverOrder, problem: Problem): void {
    throw new ProblemError(problem);
  }

  put(order: CutoverOrder): void {
    this.#ending = order;
    this.#news.wake();
  }
}

function planFor(folder: string, { maxDelete = 1_000_000, rsync = '/usr/bin/rsync' }: FollowerLabOptions): Plan {
  const sample = samplePlan();
  const [state] = sample.roots;
  if (!state) throw new Error('a sample without roots');
  const side = <T extends Plan['old']>(one: T): T => ({
    ...one,
    uid: process.getuid?.() ?? 0,
    rsync: { path: '/usr/bin/rsync', version: '3.2.4', flavour: 'gnu', capabilities: [] },
    gateway: { ...one.gateway, node: process.execPath },
  });
  return {
    ...sample,
    oldFolder: join(folder, 'ours'),
    old: side(sample.old),
    new: ((one) => ({ ...one, rsync: { ...one.rsync, path: rsync } }))(side(sample.new)),
    roots: [{ ...state, oldPath: join(folder, 'tree'), stagingPath: join(folder, 'beside/staging'), workspaces: [] }],
    excludes: EXCLUDE_TABLE,
    limits: { ...sample.limits, maxDelete, stallMs: 60_000, bwlimitKiBps: null },
  };
}

/** Makes the folders; nothing is followed yet. */
export function makeFollowerLab(options: FollowerLabOptions = {}): FollowerLab {
  const folder = mkdtempSync(join(tmpdir(), 'np-follower-'));
  for (const name of ['tree', 'run', 'home']) mkdirSync(join(folder, name), { mode: 0o700 });
  mkdirSync(join(folder, 'ours', samplePlan().old.gateway.profile), { recursive: true, mode: 0o700 });
  const plan = planFor(folder, options);
  const host = (label: string) =>
    new LocalHost({ label, env: { PATH: process.env['PATH'] ?? '', HOME: join(folder, 'home'), LC_ALL: 'C' } });
  const [events, stop, desk]: [EventBody[], AbortController, OneOrder] = [[], new AbortController(), new OneOrder()];
  const world: World = {
    ...{ old: options.old ?? host('old'), new: host('new'), clock: systemClock, signal: stop.signal },
    emit: (event) => Promise.resolve(void events.push(event)),
    run: { id: 'run', path: join(folder, 'run') },
  };
  let standing: Standing | null = null;
  const { old } = plan;
  const followed = {
    ...plan,
    old: { ...old, gateway: { ...old.gateway, node: options.watcherNode ?? old.gateway.node } },
  };
  const follower = new Follower(followed, {
    desk,
    guard: () => ({ id: 'guard', title: '', run: () => Promise.resolve([]) }),
    runningTurn: () => Promise.resolve(null),
    known: () => new Map(),
    tell: (seen) => (standing = seen),
  });
  let following: Promise<unknown> | null = null;
  let failure: Error | null = null;
  const now = (): Standing => {
    if (failure !== null) throw failure;
    if (!standing) throw new Error('it has told nothing yet');
    return standing;
  };
  return {
    folder,
    tree: join(folder, 'tree'),
    staging: join(folder, 'beside/staging'),
    events,
    listeners: () => getEventListeners(stop.signal, 'abort').length,
    async start() {
      following = follower
        .step()
        .apply(world, null)
        .catch(
          (error: unknown) => (failure = error instanceof Error ? error : new Error('no error', { cause: error })),
        );
      await waitFor('the first round', () => (failure !== null || standing !== null) && now().rounds > 0, 120_000);
    },
    standing: now,
    failure: () => failure,
    async atRest() {
      const { rounds } = now();
      await waitFor(
        'rest',
        () => now().pending === 0 && (now().phase === 'following' || now().rounds > rounds),
        120_000,
      );
    },
    async lastPass() {
      desk.put(CUT_OVER);
      await following;
      if (failure !== null) throw failure;
      const places = await follower.lastPlaces(world);
      await lastDelta(plan, {
        lastPlaces: () => Promise.resolve(places),
        most: (root) => follower.most(root),
        seeksGone: follower.seeksGone,
      }).apply(world, null);
      return { isTargeted: places !== null };
    },
    differences: () => copyIsWhole(plan).run(world),
    async destroy() {
      stop.abort(new Error('the test is over'));
      await following;
      await follower.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
