import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import type { Root } from '../core/plan.ts';

/** Something in staging: relative, raw; and what it is. */
interface Found {
  readonly path: Buffer;
  readonly stats: Stats;
}

/**
 * These places, and every other name in staging of a file among them or in one of them: a pass that looked at one name only would tear it from the
 * others. Read-only; all of staging is looked through only where there is such a file.
 */
export async function withOtherNames(root: Root, places: readonly Buffer[]): Promise<readonly Buffer[]> {
  const linked = new Set<string>();
  for await (const { stats } of allIn(root, places)) if (isLinked(stats)) linked.add(fileOf(stats));
  if (linked.size === 0) return places;
  const all = new Map(places.map((path) => [path.toString('latin1'), path]));
  for await (const { path, stats } of allIn(root, [Buffer.alloc(0)]))
    if (isLinked(stats) && linked.has(fileOf(stats))) all.set(path.toString('latin1'), path);
  return [...all.values()];
}

async function* allIn(root: Root, places: readonly Buffer[]): AsyncGenerator<Found, void, undefined> {
  const waiting = [await look(root, places)];
  for (let found = waiting.pop(); found !== undefined; found = waiting.pop()) {
    yield* found;
    for (const { path, stats } of found)
      if (stats.isDirectory()) waiting.push(await look(root, await namesIn(root, path)));
  }
}

async function namesIn(root: Root, path: Buffer): Promise<readonly Buffer[]> {
  const above = path.length === 0 ? path : Buffer.concat([path, Buffer.from('/')]);
  const names = await readdir(at(root, path), { encoding: 'buffer' });
  return names.map((name) => Buffer.concat([above, name]));
}

/** Those of them that are there. */
async function look(root: Root, paths: readonly Buffer[]): Promise<readonly Found[]> {
  const found = await Promise.all(
    paths.map((path) =>
      lstat(at(root, path)).then(
        (stats) => [{ path, stats }],
        () => [],
      ),
    ),
  );
  return found.flat();
}

function at({ stagingPath }: Root, path: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${stagingPath}/`), path]);
}

function isLinked(stats: Stats): boolean {
  return stats.isFile() && stats.nlink > 1;
}

function fileOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
