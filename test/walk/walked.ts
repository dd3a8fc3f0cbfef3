import { type Entry, isEntry, type Item } from '../../src/walk/entry.ts';
import { walk, type WalkOptions } from '../../src/walk/walker.ts';
import type { Seen } from './oracle.ts';

/** All that a walk yields; nothing is left out of it and everything is hashed, unless told otherwise. */
export async function walked(root: string, options: Partial<WalkOptions> = {}): Promise<Item[]> {
  return collect(walk(root, { excludes: [], room: 'workspace', workspaces: [], hash: true, ...options }));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The entries among items, in the words of the oracle. */
export function asSeen(items: readonly Item[]): Seen[] {
  return items.filter(isEntry).map((entry) => ({
    path: text(entry.path),
    type: { file: 'f', dir: 'd', symlink: 'l' }[entry.type],
    mode: entry.mode.toString(8),
    size: String(entry.size),
    mtime: `${entry.mtimeNs / 1_000_000_000n}.${String(entry.mtimeNs % 1_000_000_000n).padStart(9, '0')}`,
    link: entry.link ? text(entry.link) : '',
    inode: entry.ino,
    nlink: String(entry.nlink),
    hash: entry.hash ?? '',
  }));
}

/** Sizes of folders and symlinks are the file system's own affair: the oracle's are put at rest as the walk's are. */
export function comparable(seen: readonly Seen[]): Seen[] {
  return seen.map((one) => (one.type === 'f' ? one : { ...one, size: '0' }));
}

/** The groups of hard links, each as its paths: by what the walk says, and by what inodes say. */
export function groupsOf(items: readonly Item[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const { path, hardlink } of items.filter(isFile)) {
    const first = text(hardlink ?? path);
    groups.set(first, [...(groups.get(first) ?? []), text(path)]);
  }
  return [...groups.values()];
}

export function groupsByInode(seen: readonly Seen[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const { path, inode } of seen.filter(({ type }) => type === 'f')) {
    groups.set(inode, [...(groups.get(inode) ?? []), path]);
  }
  return [...groups.values()];
}

/** Paths of items as text, one character per byte. */
export function paths(items: readonly Item[]): string[] {
  return items.map(({ path }) => text(path));
}

export function text(path: Buffer): string {
  return path.toString('latin1');
}

function isFile(item: Item): item is Entry {
  return item.type === 'file';
}
