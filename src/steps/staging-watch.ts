import { lstatSync, type Stats } from 'node:fs';
import { lstat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Root } from '../core/plan.ts';
import { Waiters } from '../host/waiters.ts';
import { RuledRoot } from '../watch/ruled-root.ts';
import { WatchTree } from '../watch/watch-tree.ts';

const VANISHED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** A write into staging that was not ours. */
export interface Foreign {
  readonly root: Root;
  /** Where it was first seen, absolute, raw. */
  readonly path: Buffer;
}

/** A file system's clock ticks every 4 or 10 ms. Where it stands still for longer it is not waited for. */
const TICK_MS = 2;
const MOST_TICKS = 20;

/** A root's staging, and by the clock of its file system when our last pass began and ended there. */
interface Watched {
  readonly root: Root;
  readonly place: RuledRoot;
  begunMs: number;
  endedMs: number;
}

/**
 * Hears of writes into staging that are not ours, by one watch for each directory of it. What our own passes write is known by its time
 * of change, which nobody can choose and which is compared with that of a mark we make before and after a pass, on the same file system.
 * A hint for a repair, no guard: who writes while a pass runs is not told from it.
 */
export class StagingWatch {
  readonly #all: readonly Watched[];
  readonly #foreign = new Map<string, Foreign>();
  #engine: WatchTree | null = null;
  #isPassing = false;
  #failure: string | null = null;
  readonly #news = new Waiters();

  constructor(roots: readonly Root[]) {
    this.#all = roots.map((root) => ({
      root,
      place: new RuledRoot({ ...root, oldPath: root.stagingPath, workspaces: [], files: null }, []),
      begunMs: Infinity,
      endedMs: Infinity,
    }));
  }

  /** Makes a pass of ours, and watches from its end on. Throws what the pass throws. */
  async during<T>(pass: () => Promise<T>, clock: Clock): Promise<T> {
    for (const one of this.#all) one.begunMs = await moment(one.root);
    this.#isPassing = true;
    try {
      return await pass();
    } finally {
      for (const one of this.#all) one.endedMs = await moment(one.root);
      for (const { root, endedMs } of this.#all) await nextTick({ root, endedMs }, clock);
      this.#isPassing = false;
      this.#watch();
    }
  }

  /** By root, what was written since the last take. */
  take(): readonly Foreign[] {
    const taken = [...this.#foreign.values()];
    this.#foreign.clear();
    return taken;
  }

  /** Why nothing is heard, in the system's word; null when it is, and after it was said once. */
  takeFailure(): string | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  /** Resolves when there is something to take. Rejects with the signal's reason. */
  async changed(signal: AbortSignal): Promise<void> {
    while (this.#foreign.size === 0) await this.#news.wait(signal);
  }

  /** Repeatable. */
  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    for (const one of this.#all) one.endedMs = Infinity;
    await engine?.stop();
  }

  /** Begins once there is something to watch, and finds staging again where somebody has put another directory in its place. */
  #watch(): void {
    const changed = this.#all.filter(({ place }) => place.hasChanged());
    if (this.#engine) {
      for (const { place } of changed) this.#engine.renew(place);
      return;
    }
    const engine = new WatchTree({
      roots: this.#all.map(({ place }) => place),
      outbox: { tell: (root, path) => this.#heard(root, path), gap: () => undefined },
      failed: (code) => this.#failed(code),
      overflowed: () => undefined,
      later: () => undefined,
      rootMoved: () => this.#rootMoved(),
    });
    this.#engine = engine;
    // Where it cannot watch it never says that it does.
    void engine.start();
  }

  #failed(code: string): void {
    this.#failure = code;
    void this.#engine?.stop();
  }

  #rootMoved(): void {
    for (const { root, place } of this.#all) if (place.hasChanged() && !this.#isPassing) this.#tell(root, '');
  }

  #heard(id: string, path: string): void {
    const watched = this.#all.find(({ root }) => root.id === id);
    if (!watched) return;
    const changedMs = changeOf(watched.place, path);
    const isBetween = changedMs > watched.endedMs && (!this.#isPassing || changedMs < watched.begunMs);
    if (isBetween) this.#tell(watched.root, path);
  }

  #tell(root: Root, path: string): void {
    if (this.#foreign.has(root.id)) return;
    const whole = path === '' ? root.stagingPath : `${root.stagingPath}/`;
    this.#foreign.set(root.id, { root, path: Buffer.concat([Buffer.from(whole), Buffer.from(path, 'latin1')]) });
    this.#news.wake();
  }
}

/** When this was last changed; of what is gone, the directory that it was in. */
function changeOf(place: RuledRoot, path: string): number {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const seen = seenAt(place.at(at));
    if (seen) return seen.ctimeMs;
    if (at === '') return -Infinity;
  }
}

/** What is written within one tick of a file system's clock has one time: only after it ours and others' can be told apart. */
async function nextTick({ root, endedMs }: Pick<Watched, 'root' | 'endedMs'>, clock: Clock): Promise<void> {
  for (let tries = 0; tries < MOST_TICKS && (await moment(root)) === endedMs && endedMs !== Infinity; tries += 1)
    await clock.sleep(TICK_MS);
}

/** Now, by the clock of the file system that staging is on; before there is a folder, later than anything. */
async function moment({ stagingPath }: Root): Promise<number> {
  const folder = dirname(stagingPath);
  try {
    const { atime, mtime } = await lstat(folder);
    await utimes(folder, atime, mtime);
    return (await lstat(folder)).ctimeMs;
  } catch {
    return Infinity;
  }
}

/** Null where there is nothing, also because what was a directory is none any more. */
function seenAt(path: Buffer): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (VANISHED.has((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
