import {
  appendFileSync,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Dice } from '../watch/workload.ts';
import { NASTY_NAMES } from './tree.ts';

const PLAIN = ['a', 'b', 'c', 'd', 'e f', 'x.sqlite', 'x.sqlite-wal'].map((name) => Buffer.from(name));
/** Names that the exclude table leaves out of a state dir, wherever they are or at its top. */
const LEFT_OUT = ['gateway.1.lock', 'a.pid', 'logs', 'x.sqlite-shm'].map((name) => Buffer.from(name));
const NASTY = NASTY_NAMES.filter((name) => name.length < 200);

export interface UnrestOptions {
  readonly root: string;
  readonly dice: Dice;
  /** Also names that are no text, or break what does not quote. */
  readonly nasty: boolean;
  /** Also files of several names: where those change, everything is looked at. */
  readonly links: boolean;
  /** Also other bytes under the size and the time that were there before: only who is told of them sees them. */
  readonly sly: boolean;
}

function one<T>(list: readonly T[], dice: Dice): T {
  const found = list[dice(list.length)];
  if (found === undefined) throw new Error('nothing to choose from');
  return found;
}

function nameOf({ dice, nasty }: UnrestOptions): Buffer {
  const kind = dice(10);
  if (kind === 0) return one(LEFT_OUT, dice);
  return kind < 3 && nasty ? one(NASTY, dice) : one(PLAIN, dice);
}

function below(above: Buffer, name: Buffer): Buffer {
  return Buffer.concat([above, Buffer.from('/'), name]);
}

/** A path that may be there or not; what it leads through mostly is. */
function somewhere(options: UnrestOptions): Buffer {
  const { root, dice } = options;
  let path: Buffer = Buffer.from(root);
  for (let depth = dice(4); depth > 0; depth -= 1) {
    const folders = readdirSync(path, { encoding: 'buffer', withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    if (folders.length === 0) break;
    path = below(path, one(folders, dice).name);
  }
  return below(path, nameOf(options));
}

/** Does one thing to a tree as a gateway, an agent or a person might, or nothing where it cannot be done. */
export function stir(options: UnrestOptions): void {
  const { root, dice } = options;
  const [path, other] = [somewhere(options), somewhere(options)];
  const text = `${String(dice(1e9))}\n`.repeat(1 + dice(40));
  const acts: readonly (() => void)[] = [
    () => writeFileSync(path, text),
    () => writeFileSync(path, text),
    () => appendFileSync(path, text),
    () => appendFileSync(path, text),
    () => (options.sly ? rewritten(path, dice) : writeFileSync(path, text)),
    () => mkdirSync(path),
    () => mkdirSync(below(below(path, nameOf(options)), nameOf(options)), { recursive: true }),
    () => renameSync(path, other),
    () => renameSync(path, other),
    () => renameSync(path, other),
    () => rmSync(path, { recursive: true }),
    () => replaced(path, () => writeFileSync(path, text)),
    () => replaced(path, () => symlinkSync(one([Buffer.from('a'), Buffer.from('../b'), other], dice), path)),
    () =>
      replaced(path, () => {
        mkdirSync(path);
        writeFileSync(below(path, nameOf(options)), text);
      }),
    () => (options.links ? linkSync(path, other) : appendFileSync(path, text)),
    () => (options.links ? linkSync(path, other) : chmodSync(path, 0o600 + dice(64))),
    () => chmodSync(path, one([0o600, 0o644, 0o700, 0o755, 0o640, 0o500, 0o400], dice)),
    () => utimesSync(path, 1_600_000_000 + dice(1000), 1_600_000_000 + dice(1e6) / 7),
    () => lchownSync(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0),
    () => {
      writeFileSync(join(root, 'gateway.2.lock'), '');
      rmSync(join(root, 'gateway.2.lock'));
    },
  ];
  try {
    one(acts, dice)();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    // Not there, there already, or in the way of itself.
  }
}

/** By a new file under the same name, with the size and the time of the old one: only the name tells. */
function rewritten(path: Buffer, dice: Dice): void {
  const { size, mtime, atime } = lstatSync(path);
  const aside = Buffer.concat([path, Buffer.from('.new')]);
  writeFileSync(aside, String.fromCharCode(97 + dice(26)).repeat(size));
  utimesSync(aside, atime, mtime);
  renameSync(aside, path);
}

function replaced(path: Buffer, make: () => void): void {
  rmSync(path, { recursive: true, force: true });
  make();
}
