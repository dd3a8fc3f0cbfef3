import { listTree, type Listed } from './listing.ts';

/** Every entry of a home that has to stay as it is, as one line each. */
export type Seen = ReadonlyMap<string, string>;

/** What a gateway writes while it lives, and the product at a call: no picture can hold that. */
const LIVING =
  /\.smart-agent-neo\/(logs|devices|cron\/runs|delivery-queue)(\/|$)|\.smart-agent-neo\/(memory\/|agents\/main\/sessions\/|identity\/device-auth)/;
/** The product, the stand-in of its service manager, what a terminal has been told, and what is ours to keep on this machine. */
const APART = ['.npm-global', '.nvm', '.stand-in-systemd', 'terminal.log', '.local', '.neo-pull'];
/** Folders that an installation may leave empty. */
const FOLDERS = /^\.config(\/systemd(\/user(\/default\.target\.wants)?)?)?$/;

/** A home as it is now. A directory's time is that of what comes and goes in it, and does not count. */
export function seeHome(home: string): Seen {
  const all = [...listTree(home, APART)].filter(
    ([path, { type }]) => !FOLDERS.test(path) && !LIVING.test(path) && type !== 's',
  );
  return new Map(all.map(([path, entry]) => [path, lineOf(entry)]));
}

/** A whole tree, nothing left out. */
export function seeTree(root: string): Seen {
  return new Map([...listTree(root)].map(([path, entry]) => [path, lineOf(entry)]));
}

/** What of a home lies below the live state dir, by its names there. */
export function underLive(home: Seen): Seen {
  const inside = [...home].filter(([path]) => path.startsWith('.smart-agent-neo/'));
  return new Map(inside.map(([path, line]) => [path.slice('.smart-agent-neo/'.length), line]));
}

/** What differs, as one line each. */
export function changes(was: Seen, is: Seen): string[] {
  const paths = new Set([...was.keys(), ...is.keys()]);
  return [...paths]
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => `${path}: ${was.get(path) ?? 'absent'} -> ${is.get(path) ?? 'absent'}`);
}

function lineOf({ type, mode, sizeBytes, mtime, link, sha256 }: Listed): string {
  if (type === 'l') return `l ${link}`;
  return [type, mode.toString(8), ...(type === 'd' ? [] : [sizeBytes, mtime, sha256])].join(' ');
}
