import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';

interface File {
  readonly kind: 'file';
  readonly content: Uint8Array;
  readonly mode: number;
  readonly mtime: number;
  /** Files with the same number are names of one file; null has no other name. */
  readonly group: number | null;
}

interface Folder {
  readonly kind: 'dir';
  readonly mode: number;
  readonly mtime: number;
  readonly plants: Plants;
}

interface Symlink {
  readonly kind: 'symlink';
  readonly to: string;
  readonly mtime: number;
}

/** What is to stand in a folder. Names are latin1, one character per byte. */
export type Plants = Readonly<Record<string, File | Folder | Symlink>>;

// Few letters make names that begin alike, which is where orders differ; the rest is what breaks programs.
const LETTER = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', '-', '.', '0') },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)) },
);
const NAME = fc
  .string({ unit: LETTER, minLength: 1, maxLength: 5 })
  .map((name) => name.replaceAll('/', '!'))
  .filter((name) => name !== '.' && name !== '..');
const MTIME = fc.integer({ min: 1, max: 4_000_000_000_000 }).map((ms) => ms / 1000);
const FILE: fc.Arbitrary<File> = fc.record({
  kind: fc.constant('file' as const),
  content: fc.uint8Array({ maxLength: 40 }),
  mode: fc.constantFrom(0o600, 0o644, 0o755, 0o4711, 0o400),
  mtime: MTIME,
  group: fc.option(fc.nat({ max: 2 })),
});
const SYMLINK: fc.Arbitrary<Symlink> = fc.record({
  kind: fc.constant('symlink' as const),
  to: fc.string({ unit: LETTER, minLength: 1, maxLength: 8 }),
  mtime: MTIME,
});
const FOLDER_MODE = fc.constantFrom(0o700, 0o755, 0o1777);

function plantsOf(depth: number): fc.Arbitrary<Plants> {
  const leaves = [FILE, SYMLINK];
  if (depth === 0) return fc.dictionary(NAME, fc.oneof(...leaves), { maxKeys: 6 });
  const inner = plantsOf(depth - 1);
  const folder = fc.record({ kind: fc.constant('dir' as const), mode: FOLDER_MODE, mtime: MTIME, plants: inner });
  return fc.dictionary(NAME, fc.oneof(...leaves, folder), { maxKeys: 6 });
}

/** Any small tree. */
export const PLANTS: fc.Arbitrary<Plants> = plantsOf(3);

/** Makes a tree in an existing folder. In which order its names are made is to make no difference to anyone. */
export function grow(root: string, plants: Plants, order: 'forward' | 'backward' = 'forward'): void {
  const all = flat(Buffer.from(`${root}/`), plants);
  const groups = new Map<number, Buffer>();
  for (const { path, plant } of all) if (plant.kind === 'dir') mkdirSync(path);
  for (const { path, plant } of order === 'forward' ? all : all.toReversed()) {
    if (plant.kind === 'symlink') symlinkSync(Buffer.from(plant.to, 'latin1'), path);
    if (plant.kind === 'file') growFile(path, plant, { groups, all });
  }
  // Innermost first: whatever is made in a folder changes its mtime.
  for (const { path, plant } of all.toReversed()) finish(path, plant);
}

interface Planted {
  readonly path: Buffer;
  readonly plant: File | Folder | Symlink;
}

function flat(prefix: Buffer, plants: Plants): Planted[] {
  return Object.entries(plants).flatMap(([name, plant]) => {
    const path = Buffer.concat([prefix, Buffer.from(name, 'latin1')]);
    const below = plant.kind === 'dir' ? flat(Buffer.concat([path, Buffer.from('/')]), plant.plants) : [];
    return [{ path, plant }, ...below];
  });
}

function growFile(path: Buffer, file: File, made: { groups: Map<number, Buffer>; all: readonly Planted[] }): void {
  const other = file.group === null ? undefined : made.groups.get(file.group);
  if (other) {
    linkSync(other, path);
    return;
  }
  // The whole group has the content of its first file, whichever of its names is made first.
  const first = made.all.find(
    ({ plant }) => plant.kind === 'file' && plant.group !== null && plant.group === file.group,
  );
  const content = first?.plant.kind === 'file' ? first.plant.content : file.content;
  writeFileSync(path, content);
  if (file.group !== null) made.groups.set(file.group, path);
}

function finish(path: Buffer, plant: File | Folder | Symlink): void {
  if (plant.kind !== 'symlink') chmodSync(path, plant.mode);
  lutimesSync(path, plant.mtime, plant.mtime);
}
