import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A number below `bound`, the same for the same seed. */
export type Dice = (bound: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed * 2654435761 + 1;
  return (bound) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 3266489917);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % bound;
  };
}

const NAMES = ['a', 'b', 'c', 'd', 'line\nbreak', 'e f'];

function somewhere(root: string, dice: Dice): string {
  const depth = 1 + dice(3);
  return join(root, ...Array.from({ length: depth }, () => NAMES[dice(NAMES.length)] ?? 'a'));
}

/** Does one thing to a tree, or nothing where it cannot be done. */
export function act(root: string, dice: Dice): void {
  const [one, two] = [somewhere(root, dice), somewhere(root, dice)];
  const acts: readonly (() => void)[] = [
    () => writeFileSync(one, String(dice(1e9))),
    () => appendFileSync(one, String(dice(1e9))),
    () => appendFileSync(one, String(dice(1e9))),
    () => mkdirSync(one),
    () => mkdirSync(one, { recursive: true }),
    () => renameSync(one, two),
    () => renameSync(one, two),
    () => rmSync(one, { recursive: true, force: true }),
    () => chmodSync(one, 0o700 + dice(64)),
    () => symlinkSync(String(dice(100)), one),
    () => {
      rmSync(one, { recursive: true });
      mkdirSync(one);
      writeFileSync(join(one, 'a'), String(dice(1e9)));
    },
    () => execFileSync('cp', ['-r', '--', one, two], { stdio: 'ignore' }),
  ];
  try {
    acts[dice(acts.length)]?.();
  } catch {
    // Not there, or there already.
  }
}

/** What each place of a tree is, without the times of directories. */
export function pictureOf(root: string): Map<string, string> {
  const picture = new Map<string, string>();
  const look = (path: string): void => {
    for (const name of readdirSync(join(root, path))) {
      const inside = join(path, name);
      const stats = lstatSync(join(root, inside), { bigint: true });
      const what = stats.isDirectory()
        ? 'directory'
        : stats.isSymbolicLink()
          ? readlinkSync(join(root, inside))
          : `${readFileSync(join(root, inside), 'utf8')} ${stats.mtimeNs}`;
      picture.set(inside, `${stats.mode.toString(8)} ${what}`);
      if (stats.isDirectory()) look(inside);
    }
  };
  look('');
  return picture;
}

/** The places in which two pictures differ. */
export function differing(one: ReadonlyMap<string, string>, two: ReadonlyMap<string, string>): string[] {
  return [...new Set([...one.keys(), ...two.keys()])].filter((path) => one.get(path) !== two.get(path));
}
