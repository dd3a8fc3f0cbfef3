import { type FSWatcher, watch } from 'node:fs';
import { type Engine, type EngineParts, NO_ROOM, WatchFailure } from './engine.ts';
import { list } from './listing.ts';
import { codeOf, look, type RuledRoot } from './ruled-root.ts';
import { TurnCount } from './turn-count.ts';
import { WatchedPlace } from './watched-place.ts';
import { type Job, Work } from './work.ts';

/** A name that something happened to; `renamed`: it was made, removed or moved, and not only changed. */
interface Seen {
  place: WatchedPlace;
  readonly name: string;
  renamed: boolean;
}

/** Where a directory is, or would be; `above` is null for a root. */
interface Spot {
  readonly root: RuledRoot;
  readonly above: WatchedPlace | null;
  readonly name: string;
}

/** A directory that is not there, or no directory any more. */
const VANISHED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * The frugal engine, for Linux: one watch for each directory, none for files. What is heard of a name is only that it has to be looked
 * at; a directory that appears is watched with all in it before it is told, so that what comes later is heard. Memory grows with
 * the number of directories. What Linux does not tell is not heard: writing through a hard link in another directory, or mapped memory.
 */
export class WatchTree implements Engine {
  readonly kind = 'directories';
  readonly #parts: EngineParts;
  readonly #work = new Work((error) => this.#fail(error));
  readonly #turn = new TurnCount(() => this.#overflowed());
  readonly #tops = new Map<RuledRoot, WatchedPlace>();
  #seen = new Map<string, Seen>();
  #retired: FSWatcher[] = [];
  #directories = 0;
  #blind = 0;
  #isOverflown = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  get directories(): number {
    return this.#directories;
  }

  async start(): Promise<void> {
    for (const root of this.#parts.roots) this.#work.add(this.#watchAll(root));
    await new Promise<void>((resolve) => this.after(() => resolve()));
  }

  renew(root: RuledRoot): void {
    this.#work.add(this.#renew([root], root.isThere ? 'root-replaced' : 'root-gone'));
  }

  after(act: (isWhole: boolean) => void): void {
    const job = function* (isWhole: () => boolean): Job {
      yield;
      act(isWhole());
    };
    this.#work.add(job(() => this.#blind === 0 && this.#parts.roots.every((root) => root.isThere)));
  }

  stop(): Promise<void> {
    this.#work.clear();
    for (const top of this.#tops.values()) this.#drop(top);
    return Promise.resolve();
  }

  #fail(error: unknown): void {
    if (!(error instanceof WatchFailure)) throw error;
    this.#parts.failed(error.code, error.root);
  }

  #overflowed(): void {
    this.#parts.overflowed();
    if (this.#isOverflown) return;
    this.#isOverflown = true;
    this.#work.add(this.#renew(this.#parts.roots, 'overflow'));
  }

  /** Directories may have come and gone unheard, so everything is watched anew; what a full pass reads after that is heard. */
  *#renew(roots: readonly RuledRoot[], word: 'overflow' | 'root-replaced' | 'root-gone'): Job {
    if (word === 'overflow') this.#isOverflown = false;
    for (const root of roots) {
      const top = this.#tops.get(root);
      if (top) this.#drop(top);
      yield* this.#watchAll(root);
    }
    this.#parts.outbox.gap(word);
  }

  *#watchAll(root: RuledRoot): Job {
    this.#tops.delete(root);
    if (!root.isThere) return;
    const top = this.#watch(root, null, '');
    if (top === null) return;
    this.#tops.set(root, top);
    yield* this.#enter(top, { isNew: false });
  }

  /** Watches all directories below one that is watched. `isNew`: it has just appeared with all in it, and not this engine. */
  *#enter(from: WatchedPlace, { isNew }: { isNew: boolean }): Job {
    const waiting = [from];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      yield;
      const { directories, files } = this.#namesIn(place);
      for (const name of directories) {
        const child = this.#watch(place.root, place, name);
        if (child !== null) waiting.push(child);
      }
      if (isNew) yield* this.#lookForLinks(place, files);
    }
  }

  /** Whoever copies these files by themselves would make other files of names of one that is copied already. */
  *#lookForLinks(place: WatchedPlace, files: readonly string[]): Job {
    for (const name of files) {
      if (look(place.root, place.inside(name))?.isLinked === true) this.#parts.outbox.gap('linked');
      yield;
    }
  }

  #watch(root: RuledRoot, above: WatchedPlace | null, name: string): WatchedPlace | null {
    const place = new WatchedPlace(root, above === null ? '' : above.inside(name), above);
    const known = above?.below.get(name);
    if (known) this.#drop(known);
    try {
      place.watcher = watch(root.at(place.path), { encoding: 'buffer' }, (event, changed) => {
        this.#heard(place, event, changed);
      });
    } catch (thrown) {
      this.#cannotWatch(codeOf(thrown), { root, above, name });
      return null;
    }
    place.watcher.on('error', () => this.#heardOfItself(place));
    above?.below.set(name, place);
    this.#directories += 1;
    return place;
  }

  #cannotWatch(code: string, { root, above, name }: Spot): void {
    if (VANISHED.has(code)) return;
    if (NO_ROOM.has(code) || above === null) throw new WatchFailure(code, root.id);
    if (!above.blind.has(name)) this.#blind += 1;
    above.blind.add(name);
    this.#parts.outbox.gap('unwatched');
  }

  #namesIn(place: WatchedPlace): { directories: string[]; files: string[] } {
    const { root, path, above } = place;
    const names = { directories: [] as string[], files: [] as string[] };
    if (root.isFlat) return names;
    try {
      for (const { name, isDir } of list(root.at(path))) {
        if (!isDir) names.files.push(name);
        else if (root.isEntered(place.inside(name))) names.directories.push(name);
      }
    } catch (thrown) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      this.#drop(place);
      this.#cannotWatch(codeOf(thrown), { root, above, name });
    }
    return names;
  }

  #heard(place: WatchedPlace, event: string, changed: Buffer | null): void {
    this.#turn.note();
    if (place.isGone || changed === null) return;
    const name = changed.toString('latin1');
    if (place.root.isFlat) this.#heardFlat(place, name);
    else this.#mark(place, name, event === 'rename');
    if (event === 'rename' && name === place.name) this.#heardOfItself(place);
  }

  #heardFlat({ root }: WatchedPlace, name: string): void {
    if (!root.isTold(name, null)) return;
    if (look(root, name)?.isLinked === true) this.#parts.outbox.gap('linked');
    this.#parts.outbox.tell(root.id, name, false);
  }

  #heardOfItself({ above, name }: WatchedPlace): void {
    if (above === null) this.#parts.rootMoved();
    else if (!above.isGone) this.#mark(above, name, true);
  }

  #mark(place: WatchedPlace, name: string, renamed: boolean): void {
    if (this.#seen.size === 0) this.#work.add(this.#look());
    const key = `${place.root.id}\0${place.inside(name)}`;
    const known = this.#seen.get(key);
    this.#seen.set(key, { place, name, renamed: renamed || known?.renamed === true });
  }

  *#look(): Job {
    const seen = this.#seen;
    this.#seen = new Map();
    for (const one of seen.values()) {
      // Whoever dropped the directory has told all below it.
      if (!one.place.isGone) yield* this.#judge(one);
      yield;
    }
  }

  *#judge({ place, name, renamed }: Seen): Job {
    const { root } = place;
    const path = place.inside(name);
    const seen = look(root, path);
    const isDir = seen?.isDir ?? null;
    const known = place.below.get(name);
    if (renamed && known) this.#drop(known);
    if (renamed && place.blind.delete(name)) this.#blind -= 1;
    const isNew = isDir === true && (renamed || known === undefined) && root.isEntered(path);
    const entered = isNew ? this.#watch(root, place, name) : null;
    if (entered) yield* this.#enter(entered, { isNew: true });
    if (renamed && seen?.isLinked === true) this.#parts.outbox.gap('linked');
    // A name that turned into one which is left out has gone from what is copied.
    const isTold = root.isTold(path, renamed ? null : isDir);
    // One that is left out has given its directory another time all the same.
    if (!isTold && renamed && !place.isGone) this.#tellAlone(root, place.path);
    if (!isTold) return;
    // Of a directory that only has another mode not all that is in it has to be looked at.
    if (isDir === true && !renamed && !isNew) this.#tellAlone(root, path);
    else this.#parts.outbox.tell(root.id, path, isNew || (renamed && (known !== undefined || isDir === true)));
  }

  /** A directory, and not what is in it. */
  #tellAlone(root: RuledRoot, path: string): void {
    const told = root.nobodyIn(path);
    this.#parts.outbox.tell(root.id, told, told === path);
  }

  #drop(from: WatchedPlace): void {
    from.above?.below.delete(from.name);
    const waiting = [from];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      place.isGone = true;
      this.#directories -= 1;
      this.#blind -= place.blind.size;
      if (place.watcher) this.#retire(place.watcher);
      waiting.push(...place.below.values());
    }
  }

  /** What the queue still holds of a watch is counted only while that is open, so it is closed after the queue was read once more. */
  #retire(watcher: FSWatcher): void {
    this.#retired.push(watcher);
    if (this.#retired.length > 1) return;
    setImmediate(() => {
      const retired = this.#retired;
      this.#retired = [];
      for (const one of retired) one.close();
    });
  }
}
