/**
 * What a walk finds, one item per name. Paths are bytes, relative to the root, without a leading `./`; the root itself is not
 * an item. Items come in the order of `Buffer.compare` over whole paths, so `a` < `a-b` < `a/b`: it is the order of
 * `LC_ALL=C sort`, the same on every machine, and everything below a directory lies in one run of the list.
 */
export type Item = Entry | Skip | Unreadable;

/** Something that moves: a regular file, a directory or a symlink, as it was when it was read. */
export interface Entry {
  readonly type: 'file' | 'dir' | 'symlink';
  readonly path: Buffer;
  /** Permission bits, at most 07777; always 0777 for symlinks, where they mean nothing and differ between systems. */
  readonly mode: number;
  /** Bytes of content for files (as many as were hashed, where they were), 0 for the others: what a file system says of them is its own affair. */
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Where a symlink points, as it is written there. */
  readonly link: Buffer | null;
  /** SHA-256 of a file's content in hex; null where the walk did not hash. */
  readonly hash: string | null;
  /**
   * Path of the first file of this walk that is the same file, for its second, third, ... name. Null for that first one and for
   * files with one name here, whatever names there are outside: so the groups of two trees are equal when their paths are.
   */
  readonly hardlink: Buffer | null;
  /** With `ctimeNs` it tells later whether this content must be read again. Never compared between trees. */
  readonly ino: string;
  readonly ctimeNs: bigint;
  readonly nlink: number;
}

/** Something that is left out of the copy on purpose; a directory stands for all that is in it. */
export interface Skip {
  readonly type: 'skip';
  readonly path: Buffer;
  /** Pattern of the exclude rule, or `socket`, `fifo`, `device`. */
  readonly rule: string;
  readonly reason: string;
  /** This one and everything below it. */
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Something that should move and cannot be read: the copy cannot be whole. A directory that cannot be listed is an Entry as well,
 * and is named here where its content would have come.
 */
export interface Unreadable {
  readonly type: 'unreadable';
  readonly path: Buffer;
  /** Code of the system's error: `EACCES`, `EIO`, `ENAMETOOLONG`, ...; `ESTALE` for what was replaced while it was being read. */
  readonly code: string;
}

/** Kinds of files that exist only where they were made, with the reason why they never move. */
export const UNMOVABLE = {
  socket: 'a socket belongs to the process that made it',
  fifo: 'a pipe has no content of its own',
  device: 'a device belongs to its machine',
} as const;

/** Is this something that moves? */
export function isEntry(item: Item): item is Entry {
  return item.type !== 'skip' && item.type !== 'unreadable';
}
