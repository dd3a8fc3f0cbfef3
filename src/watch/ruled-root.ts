import { lstatSync, realpathSync, statSync } from 'node:fs';
import { excludeMatcher } from '../core/exclude.ts';
import { onlyFilesMatcher } from '../core/only-files.ts';
import type { ExcludeRule } from '../core/plan.ts';
import type { WatchedRoot } from './request.ts';

/** Names that nothing has: a pass that looks for one finds its directory, and no more. One of them is left out by no rule, mostly. */
const NOBODY = ['.neo-pull-nobody', 'neo-pull-nobody'];
/** Below it there is nothing. */
const NOWHERE = '/dev/null';

/** The system's code of anything that a file system call threw. Rethrows what is no such error. */
export function codeOf(thrown: unknown): string {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code !== 'string') throw thrown;
  return code;
}

/**
 * A root with what of it is to be told: by the same decisions as those of the copy. Paths are relative to it, one character per byte,
 * which is exact for any name.
 */
export class RuledRoot {
  readonly id: string;
  /** Is it a directory of which only single files move? Nothing below its top is watched then. */
  readonly isFlat: boolean;
  readonly #asked: string;
  readonly #isListed: ((path: Buffer) => boolean) | null;
  readonly #ruleOf: ReturnType<typeof excludeMatcher>;
  /** Where it was last seen. A root that is gone must not turn into a path of something else. */
  #real = NOWHERE;
  #isThere = false;
  #identity = '';

  constructor({ id, oldPath, room, workspaces, files }: WatchedRoot, excludes: readonly ExcludeRule[]) {
    this.id = id;
    this.isFlat = files !== null;
    this.#asked = oldPath;
    this.#isListed = files === null ? null : onlyFilesMatcher(files);
    this.#ruleOf = excludeMatcher(excludes, room, workspaces);
  }

  /**
   * Looks where the root really lies and which directory that is. Is it another one than it was when last looked at? Throws nothing:
   * a root that is not there is gone.
   */
  hasChanged(): boolean {
    const before = this.#identity;
    try {
      const real = realpathSync.native(this.#asked, { encoding: 'buffer' }).toString('latin1');
      const { dev, ino, isDirectory } = facts(real);
      this.#real = real;
      this.#isThere = isDirectory;
      this.#identity = `${real} ${dev} ${ino} ${isDirectory}`;
    } catch (thrown) {
      this.#isThere = false;
      this.#identity = codeOf(thrown);
    }
    return this.#identity !== before;
  }

  /** Is there a directory, as far as was seen? */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** The absolute path of something in it, as the system has it. */
  at(path: string): Buffer {
    return Buffer.from(path === '' ? this.#real : `${this.#real}/${path}`, 'latin1');
  }

  /** The absolute path of the root, one character per byte. */
  get realPath(): string {
    return this.#real;
  }

  /** Does this directory have to be looked into? */
  isEntered(path: string): boolean {
    return this.#isListed === null && this.#ruleOf(bytes(path), true) === null;
  }

  /** What to look at of a directory without what is in it; the directory with all in it where no name will do for that. */
  nobodyIn(path: string): string {
    const names = NOBODY.map((name) => (path === '' ? name : `${path}/${name}`));
    return names.find((name) => this.isTold(name, false)) ?? path;
  }

  /** Is a change of this name to be told? Where it is not known what it is or was, a rule has to leave out either. */
  isTold(path: string, isDir: boolean | null): boolean {
    if (this.#isListed !== null) return this.#isListed(bytes(path));
    if (isDir !== null) return this.#ruleOf(bytes(path), isDir) === null;
    return this.#ruleOf(bytes(path), true) === null || this.#ruleOf(bytes(path), false) === null;
  }
}

function facts(real: string): { dev: bigint; ino: bigint; isDirectory: boolean } {
  const stats = statSync(Buffer.from(real, 'latin1'), { bigint: true });
  return { dev: stats.dev, ino: stats.ino, isDirectory: stats.isDirectory() };
}

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** What a name is now. */
export interface Seen {
  readonly isDir: boolean;
  /** A file that has other names too, wherever they are. */
  readonly isLinked: boolean;
}

/** Looks at a name; null where nothing is to be seen. */
export function look(root: RuledRoot, path: string): Seen | null {
  try {
    const stats = lstatSync(root.at(path), { throwIfNoEntry: false });
    return stats ? { isDir: stats.isDirectory(), isLinked: stats.isFile() && stats.nlink > 1 } : null;
  } catch (thrown) {
    codeOf(thrown);
    return null;
  }
}
