import type { FSWatcher } from 'node:fs';
import type { RuledRoot } from './ruled-root.ts';

/** One directory that is watched. Names and paths have one character per byte. */
export class WatchedPlace {
  readonly root: RuledRoot;
  /** Relative to the root. */
  readonly path: string;
  readonly above: WatchedPlace | null;
  readonly below = new Map<string, WatchedPlace>();
  /** Directories in it that could not be watched. */
  readonly blind = new Set<string>();
  watcher: FSWatcher | null = null;
  isGone = false;

  constructor(root: RuledRoot, path: string, above: WatchedPlace | null) {
    this.root = root;
    this.path = path;
    this.above = above;
  }

  /** How the system calls it in what it says of the directory itself. */
  get name(): string {
    const whole = this.path === '' ? this.root.realPath : this.path;
    return whole.slice(whole.lastIndexOf('/') + 1);
  }

  /** The path of something in it. */
  inside(name: string): string {
    return this.path === '' ? name : `${this.path}/${name}`;
  }
}
