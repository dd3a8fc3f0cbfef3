import type { BigIntStats } from 'node:fs';
import { excludeMatcher } from '../core/exclude.ts';
import { onlyFilesMatcher } from '../core/only-files.ts';
import type { ExcludeRule } from '../core/plan.ts';
import { codeOf, Directory, type Reach } from './directory.ts';
import { type Entry, type Item, type Skip, UNMOVABLE } from './entry.ts';
import { type FirstName, HardLinks } from './hard-links.ts';
import { type Digest, Hashing } from './hashing.ts';
import { type Failure, type Found, traverse } from './traverse.ts';

export interface WalkOptions {
  readonly excludes: readonly ExcludeRule[];
  readonly room: 'state' | 'workspace';
  /** Workspaces inside the root, relative. */
  readonly workspaces: readonly string[];
  /** Only these names at the top, whatever the rules say; null or not given walks everything. */
  readonly files?: readonly string[] | null | undefined;
  /** Read and hash the content of files; without it nothing but names and facts is read. */
  readonly hash: boolean;
  /** As in `WalkRequest`. */
  readonly hashFromNs?: string | null | undefined;
  /** Hears of every piece of content that was read. */
  readonly onRead?: (bytes: number) => void;
  /** How directories are reached; the best way the system has, unless given. */
  readonly reach?: Reach;
}

/** Items that may be waiting behind a file that takes long. */
const WINDOW = 256;

/**
 * Walks a tree and yields what is in it, in the order that `Item` defines. Read-only: never follows a symlink below the root,
 * never opens a pipe, socket or device, and crosses mounts as rsync does. A file that changes while it is read is yielded with
 * its facts from before the reading and the bytes that were read; one that vanishes is left out. Memory does not grow with the
 * number of files, but with the largest directory and with hard links whose other names are still to come.
 *
 * Throws the system's error when the root cannot be opened; whatever is wrong further down is an item.
 */
export async function* walk(root: string, options: WalkOptions): AsyncGenerator<Item, void, undefined> {
  const walker = new Walker(options);
  const found = traverse(Directory.open(root, options.reach));
  const window: (Item | Promise<Item>)[] = [];
  try {
    for (const name of found) {
      const item = walker.itemOf(name);
      if (item !== null) window.push(item);
      // Before the next name is asked for, because that may begin to read another file.
      while (walker.hashing.full || window.length >= WINDOW) yield await shift(window);
    }
    while (window.length > 0) yield await shift(window);
  } finally {
    // A consumer that stops early leaves files behind that are being read.
    walker.hashing.stop();
    for (const item of window) await item;
  }
}

async function shift(window: (Item | Promise<Item>)[]): Promise<Item> {
  const item = await window.shift();
  if (item === undefined) throw new TypeError('the window is empty');
  return item;
}

class Walker {
  readonly hashing: Hashing;
  readonly #options: WalkOptions;
  readonly #ruleOf: ReturnType<typeof excludeMatcher>;
  readonly #isListed: ((path: Buffer) => boolean) | null;
  readonly #links = new HardLinks();
  readonly #hashFromNs: bigint | null;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#ruleOf = excludeMatcher(options.excludes, options.room, options.workspaces);
    this.#hashFromNs = options.hashFromNs ? BigInt(options.hashFromNs) : null;
    this.#isListed = options.files ? onlyFilesMatcher(options.files) : null;
    this.hashing = new Hashing(options.onRead ?? (() => undefined));
  }

  /** What there is to say of one name; null when it has vanished. */
  itemOf(found: Found | Failure): Item | Promise<Item> | null {
    const path = bytes(found.path);
    // What is not listed is none of our business: it is neither counted nor told of.
    if (this.#isListed?.(path) === false) return null;
    if ('code' in found) return { type: 'unreadable', path, code: found.code };
    try {
      return this.#judge(found, path);
    } catch (thrown) {
      const code = codeOf(thrown);
      return code === 'ENOENT' ? null : { type: 'unreadable', path, code };
    }
  }

  #judge(found: Found, path: Buffer): Item | Promise<Item> {
    const { stats } = found;
    const rule = this.#isListed ? null : this.#ruleOf(path, stats.isDirectory());
    if (rule !== null) return skip(path, { rule: rule.pattern, reason: rule.reason }, measure(found));
    if (stats.isFile()) return this.#fileOf(found, path);
    if (stats.isSymbolicLink()) return linkOf(found, path);
    if (!stats.isDirectory()) return skip(path, unmovable(stats), { entries: 1, bytes: 0 });
    if (!this.#isListed) found.enter();
    return { ...facts(stats), type: 'dir', path };
  }

  #fileOf(found: Found, path: Buffer): Item | Promise<Item> {
    const known = this.#links.firstOf(found.stats);
    if (!this.#options.hash || (this.#hashFromNs !== null && found.stats.ctimeNs < this.#hashFromNs)) {
      if (known === null) this.#links.remember({ path: found.path, stats: found.stats, digest: null });
      return { ...fileFacts(found.stats, known), path };
    }
    if (known?.digest && unchanged(known.stats, found.stats)) {
      return finish({ ...fileFacts(found.stats, known), path }, known.digest);
    }
    const { fd, stats } = found.directory.openFile(found.name);
    // Between looking and opening another file may have been put in its place, as writers do who rename.
    const first = stats.ino === found.stats.ino ? known : this.#links.firstOf(stats);
    const digest = this.hashing.digest(fd, Number(stats.size));
    if (first === null) this.#links.remember({ path: found.path, stats, digest });
    return finish({ ...fileFacts(stats, first), path }, digest);
  }
}

function finish(entry: Entry, digest: Digest | Promise<Digest>): Item | Promise<Item> {
  if (digest instanceof Promise) return digest.then((read) => finish(entry, read));
  if ('code' in digest) return { type: 'unreadable', path: entry.path, code: digest.code };
  return { ...entry, size: digest.size, hash: digest.hash };
}

/** Facts of any entry; those that only some types have are at rest. */
function facts(stats: BigIntStats): Omit<Entry, 'type' | 'path'> {
  return {
    mode: Number(stats.mode) & 0o7777,
    size: 0,
    mtimeNs: stats.mtimeNs,
    link: null,
    hash: null,
    hardlink: null,
    ino: String(stats.ino),
    ctimeNs: stats.ctimeNs,
    nlink: Number(stats.nlink),
  };
}

function fileFacts(stats: BigIntStats, first: FirstName | null): Omit<Entry, 'path'> {
  const hardlink = first === null ? null : bytes(first.path);
  return { ...facts(stats), type: 'file', size: Number(stats.size), hardlink };
}

function linkOf({ directory, name, stats }: Found, path: Buffer): Entry {
  return { ...facts(stats), type: 'symlink', path, mode: 0o777, link: directory.readlink(name) };
}

function skip(path: Buffer, why: Pick<Skip, 'rule' | 'reason'>, amount: Pick<Skip, 'entries' | 'bytes'>): Skip {
  return { type: 'skip', path, ...why, ...amount };
}

function unmovable(stats: BigIntStats): Pick<Skip, 'rule' | 'reason'> {
  const rule = stats.isSocket() ? 'socket' : stats.isFIFO() ? 'fifo' : 'device';
  return { rule, reason: UNMOVABLE[rule] };
}

/** How much is left out with this name. Counts what can be seen: what cannot is not to be copied anyway. */
function measure({ directory, name, stats }: Found): Pick<Skip, 'entries' | 'bytes'> {
  if (!stats.isDirectory()) return { entries: 1, bytes: sizeOf(stats) };
  const amount = { entries: 1, bytes: 0 };
  for (const found of contentOf(directory, name, stats)) {
    amount.entries += 1;
    if ('code' in found) continue;
    amount.bytes += sizeOf(found.stats);
    if (found.stats.isDirectory()) found.enter();
  }
  return amount;
}

function* contentOf(
  directory: Directory,
  name: string,
  stats: BigIntStats,
): Generator<Found | Failure, void, undefined> {
  let child: Directory;
  try {
    child = directory.openChild(name, stats);
  } catch (thrown) {
    codeOf(thrown);
    return;
  }
  yield* traverse(child);
}

function sizeOf(stats: BigIntStats): number {
  return stats.isFile() ? Number(stats.size) : 0;
}

/** Is this still the content that was read under the first name? */
function unchanged(then: BigIntStats, now: BigIntStats): boolean {
  return then.ctimeNs === now.ctimeNs && then.size === now.size;
}

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
