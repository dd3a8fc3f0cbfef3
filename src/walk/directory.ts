import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';

/** How an open directory's entries are named to the system. */
export type Reach = 'descriptors' | 'paths';

/**
 * `descriptors` where the system can (Linux): names are resolved from the open directory itself, so no path is ever too long
 * and no directory above that turns into a symlink meanwhile can lead the walk elsewhere. `paths` is all that others offer.
 */
export function bestReach(): Reach {
  return existsSync('/proc/self/fd') ? 'descriptors' : 'paths';
}

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK;
// O_NONBLOCK: opening a pipe that was put in a file's place must not wait for its writer.
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The system's error, as code only: the walk reports codes and never the text, which holds names. */
export class WalkError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** What opening says of something that has become a symlink, a file, a socket since `lstat` saw it. */
const REPLACED: ReadonlySet<string> = new Set(['ELOOP', 'ENOTDIR', 'ENXIO']);

/** The code of anything that a file system call threw. Rethrows what is no such error. */
export function codeOf(thrown: unknown): string {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code !== 'string') throw thrown;
  return code;
}

/**
 * A directory held open, whose entries are reached through it. Names are latin1 strings, one character per byte: compact, exact
 * for any byte, and `<` on them is the order of bytes. All methods throw the system's errors (see `codeOf`). Read-only.
 */
export class Directory {
  readonly #reach: Reach;
  readonly #path: string;
  readonly #identity: string;
  #fd: number | null = null;
  /** What goes before a name to make a path of it, while it is open. */
  #prefix = '';

  private constructor(reach: Reach, path: string, fd: number) {
    this.#reach = reach;
    this.#path = path;
    this.#identity = identityOf(fstatSync(fd, { bigint: true }));
    this.#hold(fd);
  }

  /** Opens the root of a walk. A symlink there is followed: whoever names a root means what is behind it. */
  static open(path: string, reach: Reach = bestReach()): Directory {
    return new Directory(reach, Buffer.from(path).toString('latin1'), openSync(path, OPEN_DIRECTORY));
  }

  /** Opens a directory in this one; `stats` is what `lstat` said of it. Throws `ESTALE` when it is another one by now. */
  openChild(name: string, stats: BigIntStats): Directory {
    const fd = openNow(this.#at(name), OPEN_DIRECTORY | constants.O_NOFOLLOW);
    const child = new Directory(this.#reach, `${this.#path}/${name}`, fd);
    if (child.#identity === identityOf(stats)) return child;
    child.close();
    throw new WalkError('ESTALE');
  }

  /** All names in it, in the order of their bytes. */
  names(): string[] {
    return readdirSync(this.#at(''), { encoding: 'latin1' }).sort();
  }

  lstat(name: string): BigIntStats {
    return lstatSync(this.#at(name), { bigint: true });
  }

  readlink(name: string): Buffer {
    return readlinkSync(this.#at(name), { encoding: 'buffer' });
  }

  /** Opens a regular file for reading, never waiting and never through a link. Throws `ESTALE` when it is no regular file by now. */
  openFile(name: string): { fd: number; stats: BigIntStats } {
    const fd = openNow(this.#at(name), OPEN_FILE);
    const stats = fstatSync(fd, { bigint: true });
    if (stats.isFile()) return { fd, stats };
    closeSync(fd);
    throw new WalkError('ESTALE');
  }

  /** Gives its descriptor back; `reopenFrom` takes one again. Repeatable. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** Opens it again as the parent of an open directory. Throws `ESTALE` when that one lies elsewhere by now. */
  reopenFrom(child: Directory): void {
    if (this.#fd !== null) return;
    if (child.#fd === null) throw new WalkError('ESTALE');
    const path = this.#reach === 'descriptors' ? child.#at('..') : Buffer.from(this.#path, 'latin1');
    const fd = openSync(path, OPEN_DIRECTORY);
    if (identityOf(fstatSync(fd, { bigint: true })) !== this.#identity) {
      closeSync(fd);
      throw new WalkError('ESTALE');
    }
    this.#hold(fd);
  }

  #hold(fd: number): void {
    this.#fd = fd;
    this.#prefix = this.#reach === 'descriptors' ? `/proc/self/fd/${fd}/` : `${this.#path}/`;
  }

  #at(name: string): Buffer {
    if (this.#fd === null) throw new TypeError('the directory is closed');
    return Buffer.from(this.#prefix + name, 'latin1');
  }
}

function openNow(path: Buffer, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (thrown) {
    if (REPLACED.has(codeOf(thrown))) throw new WalkError('ESTALE');
    throw thrown;
  }
}

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
