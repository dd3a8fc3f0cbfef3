import { posix as path } from 'node:path';
import { besideDatabase, isDatabase, isSharedMemory } from '../core/database-files.ts';
import type { Route } from '../core/decide.ts';
import type { Host } from '../core/host.ts';
import type { DirFacts } from '../core/inventory.ts';
import { inside } from '../core/only-files.ts';
import { measure } from './measure.ts';
import type { NamedPath } from './named-paths.ts';
import { seePaths, type PathFacts, type Waiting } from './see-paths.ts';
import { placeOf, type Moving } from './verdict.ts';

/** A file that moves for its own sake. */
export interface SingleFile {
  readonly named: NamedPath;
  readonly facts: PathFacts;
}

/** Single files of one directory that go to one directory, as a route, measured on both machines. */
export interface FileRoute {
  readonly route: Route;
  readonly dirs: { readonly old: DirFacts; readonly new: DirFacts };
}

/** Gathers files by where they come from and go to, and measures both ends. `first` numbers the ids. Read-only. Throws as `measure`. */
export async function fileRoutes(
  host: Host,
  { files, moving, first }: { files: readonly SingleFile[]; moving: Moving; first: number },
  waiting: Waiting,
): Promise<FileRoute[]> {
  const groups = grouped(files, moving);
  // What is renamed into place waits in a folder of ours in the directory, or in the nearest one above that is there.
  const folders = await measure(
    host,
    groups.map(({ newDir }) => inside(newDir, '.neo-pull')),
    waiting,
  );
  const places = groups.flatMap(({ newDir, names }) => [newDir, ...names.map((name) => inside(newDir, name))]);
  const here = await seePaths(host, places, waiting);
  const isHere = (at: string): boolean => {
    const facts = here.get(at);
    return facts !== undefined && (facts.kind !== 'none' || facts.link !== null);
  };
  return groups.flatMap(({ oldDir, newDir, names, bytes, entries }, at) => {
    const folder = folders[at];
    if (!folder) return [];
    const filesInPlace = names.filter((name) => isHere(inside(newDir, name)));
    const own = { entries, bytes, unreadable: [], ownerUid: null, isMount: false, parent: folder.parent };
    const realPath = isHere(newDir) ? folder.parent.path : newDir;
    const place = { ...own, path: newDir, realPath, exists: filesInPlace.length > 0 };
    const id = `files-${String(first + at)}`;
    const shape = { room: 'state', oldPath: oldDir, newPath: newDir, workspaces: [] } as const;
    return [
      {
        route: { id, ...shape, files: names, filesInPlace },
        dirs: { old: { ...own, path: oldDir, realPath: oldDir, exists: true }, new: place },
      },
    ];
  });
}

interface Group {
  readonly oldDir: string;
  readonly newDir: string;
  readonly names: string[];
  bytes: number;
  entries: number;
}

function grouped(files: readonly SingleFile[], moving: Moving): Group[] {
  const groups = new Map<string, Group>();
  for (const { named, facts } of files) {
    const place = named.to ?? placeOf({ path: named.path, realPath: facts.realPath }, moving);
    const ends = [path.dirname(facts.realPath), path.dirname(place)] as const;
    const group = groups.get(ends.join('\0')) ?? { oldDir: ends[0], newDir: ends[1], names: [], bytes: 0, entries: 0 };
    groups.set(ends.join('\0'), group);
    const name = path.basename(facts.realPath);
    if (group.names.includes(name)) continue;
    // A database that is open or was not closed has its last rows beside it; a stray one of them here would spoil it.
    const beside = isDatabase(name) ? besideDatabase(name).filter((one) => !isSharedMemory(one)) : [];
    group.names.push(name, ...beside);
    group.bytes += facts.bytes;
    group.entries += 1;
  }
  return [...groups.values()];
}
