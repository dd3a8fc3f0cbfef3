import type { Stats } from 'node:fs';
import { type FSWatcher, watch } from 'chokidar';
import { type Engine, type EngineParts, NO_ROOM } from './engine.ts';
import { SMALL_TREE } from './measure.ts';
import type { GapWord } from './record.ts';
import { look, type RuledRoot } from './ruled-root.ts';
import { TurnCount } from './turn-count.ts';

/** What stands in text where the bytes of a name are none. */
const NO_TEXT = '\ufffd';
/** After so long it has seen what there is to see. */
const SURE_MS = 500;

interface Watched {
  readonly watcher: FSWatcher;
  readonly directories: Set<string>;
  /** Of which it is not sure yet what they are. */
  readonly doubted: Set<string>;
  entries: number;
}

/**
 * The engine for small trees and for systems other than Linux: chokidar, which watches every file. It says what it found, and, before
 * it has looked, what it heard; both are told. Of names that are no text it only knows where they are: their directory is told whole.
 */
export class WatchChokidar implements Engine {
  readonly kind = 'chokidar';
  readonly #parts: EngineParts;
  readonly #outgrown: () => void;
  readonly #turn = new TurnCount(() => this.#parts.outbox.gap('overflow'));
  readonly #watched = new Map<RuledRoot, Watched>();

  /** `outgrown` is called when the tree is no longer what this engine is good for. */
  constructor(parts: EngineParts, outgrown: () => void) {
    this.#parts = parts;
    this.#outgrown = outgrown;
  }

  get directories(): number {
    return [...this.#watched.values()].reduce((sum, { directories }) => sum + directories.size, 0);
  }

  async start(): Promise<void> {
    await Promise.all(this.#parts.roots.filter((root) => root.isThere).map((root) => this.#watch(root)));
  }

  renew(root: RuledRoot): void {
    void this.#renew(root, root.isThere ? 'root-replaced' : 'root-gone');
  }

  async #renew(root: RuledRoot, word: GapWord): Promise<void> {
    const before = this.#watched.get(root);
    this.#watched.delete(root);
    await before?.watcher.close();
    if (root.isThere) await this.#watch(root);
    this.#parts.outbox.gap(word);
  }

  /** What chokidar looks at later cannot be waited for. */
  after(act: (isWhole: boolean) => void): void {
    act(false);
  }

  async stop(): Promise<void> {
    const watched = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(watched.map(({ watcher }) => watcher.close()));
  }

  #watch(root: RuledRoot): Promise<void> {
    const top = root.at('').toString();
    const within = (path: string): string => relative(top, path);
    const watcher = watch(top, {
      followSymlinks: false,
      atomic: false,
      ...(root.isFlat && { depth: 0 }),
      ignored: (path: string, stats?: Stats) => !isTold(root, within(path), stats?.isDirectory() ?? null),
    });
    const watched: Watched = { watcher, directories: new Set(), doubted: new Set(), entries: 0 };
    this.#watched.set(root, watched);
    let isReady = false;
    watcher.on('all', (event, path) => {
      this.#count(watched, event, within(path));
      if (isReady) this.#tell(root, within(path), event.endsWith('Dir'));
    });
    watcher.on('raw', (event, name, details) => this.#raw(root, { event, name, of: within(whereOf(details)) }));
    watcher.on('error', (error) => this.#wrong(error, root));
    return new Promise((resolve) => {
      watcher.once('ready', () => {
        isReady = true;
        resolve();
      });
    });
  }

  #count(watched: Watched, event: string, path: string): void {
    if (event === 'addDir') watched.directories.add(path);
    if (event === 'unlinkDir') watched.directories.delete(path);
    if (event.startsWith('add')) watched.entries += 1;
    if (event.startsWith('unlink')) watched.entries -= 1;
    if (watched.entries > 2 * SMALL_TREE) this.#outgrown();
  }

  /** What the system said of `of`, a directory with that name in it or the named file itself; before chokidar has looked. */
  #raw(root: RuledRoot, { event, name, of }: { event: string; name: string | null; of: string }): void {
    this.#turn.note();
    const directories = this.#watched.get(root)?.directories;
    const hasNames = directories?.has(of) !== false;
    if (of === '' && event === 'rename') this.#parts.rootMoved();
    if (!hasNames || name === null) {
      this.#tell(root, of, false);
      return;
    }
    if (name.includes(NO_TEXT)) {
      this.#tell(root, of, true);
      this.#outgrown();
      return;
    }
    const path = of === '' ? name : `${of}/${name}`;
    this.#tell(root, path, false);
    if (event === 'rename') this.#doubt(root, path);
  }

  /** chokidar does not see a file turn into a directory at once. Where its picture stays another one, it has to look at all again. */
  #doubt(root: RuledRoot, path: string): void {
    const watched = this.#watched.get(root);
    if (!watched || watched.doubted.has(path) || !root.isEntered(bytesOf(path))) return;
    watched.doubted.add(path);
    this.#parts.later(SURE_MS, () => {
      watched.doubted.delete(path);
      const isRight = watched.directories.has(path) === (look(root, bytesOf(path))?.isDir === true);
      if (!isRight && this.#watched.get(root) === watched) void this.#renew(root, 'unwatched');
    });
  }

  #tell(root: RuledRoot, path: string, isDir: boolean): void {
    if (path === '' && !isDir) return;
    if (path.includes(NO_TEXT)) this.#tell(root, path.slice(0, Math.max(0, path.lastIndexOf('/'))), true);
    else if (isTold(root, path, isDir ? true : null)) this.#parts.outbox.tell(root.id, bytesOf(path), isDir);
  }

  #wrong(error: unknown, root: RuledRoot): void {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
    if (NO_ROOM.has(code)) this.#parts.failed(code, root.id);
    else this.#parts.outbox.gap('unwatched');
  }
}

function isTold(root: RuledRoot, path: string, isDir: boolean | null): boolean {
  return path === '' || root.isTold(bytesOf(path), isDir);
}

/** One character per byte. */
function bytesOf(path: string): string {
  return Buffer.from(path).toString('latin1');
}

function relative(top: string, path: string): string {
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1) : '';
}

function whereOf(details: unknown): string {
  const { watchedPath } = (details ?? {}) as { watchedPath?: unknown };
  return typeof watchedPath === 'string' ? watchedPath : '';
}
