import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isDatabase } from '../core/database-files.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { askWhetherSound } from '../sqlite/ask.ts';
import type { SoundnessAnswer } from '../sqlite/contract.ts';
import { readManifest } from '../walk/manifest.ts';
import { manifestFile } from './manifests.ts';

const MAGIC = Buffer.from('SQLite format 3\0');
/** Every page of a database is a multiple of that, so any other size is no database, or one whose name has to say that it was. */
const LEAST_PAGE = 512;
const TIMEOUT_MS = 30 * 60_000;
const SHOWN = 20;

interface Found {
  readonly root: Root;
  readonly path: Buffer;
}

/**
 * After the stop: does each database of the copy, of whatever root and name, pass SQLite's own check, with its log and its journal taken in? On a
 * copy in the run's folder, for where it lies not even its index may be written. Needs the manifest of staging, which says that it is
 * the same on the old machine.
 */
export function databasesSound(plan: Plan): Check {
  return {
    id: 'databases-sound',
    title: 'Every database of the copy passes its own check',
    async run(world): Promise<readonly Problem[]> {
      const found = await databasesOf(plan, world);
      if (found.length === 0) return [];
      const answer = await askWhetherSound(
        world.new,
        { check: found.map((one) => placeOf(one).toString('base64')), scratch: join(world.run.path, 'database-check') },
        { node: plan.new.gateway.node, timeoutMs: TIMEOUT_MS, clock: world.clock, signal: world.signal },
      );
      if (answer.engine === null && answer.failures.length === 0) return [unchecked(found, answer.failure)];
      return problemsOf(found, answer);
    },
  };
}

async function databasesOf(plan: Plan, { run, signal }: World): Promise<Found[]> {
  const found: Found[] = [];
  for (const root of plan.roots) {
    for await (const { type, path, size } of readManifest(manifestFile(run, root, 'staged'))) {
      signal.throwIfAborted();
      if (type !== 'file' || size < LEAST_PAGE) continue;
      const mayBe = size % LEAST_PAGE === 0 || isDatabase(path.toString('latin1'));
      if (mayBe && (await beginsAsOne(placeOf({ root, path })))) found.push({ root, path });
    }
  }
  return found;
}

function placeOf({ root, path }: Found): Buffer {
  return Buffer.concat([Buffer.from(`${root.stagingPath}/`), path]);
}

async function beginsAsOne(file: Buffer): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return bytesRead === MAGIC.length && buffer.equals(MAGIC);
  } finally {
    await handle.close();
  }
}

function problemsOf(found: readonly Found[], { failures }: SoundnessAnswer): Problem[] {
  const damaged = failures.filter(({ kind }) => kind === 'damaged');
  const unread = failures.filter(({ kind }) => kind === 'unread');
  return [
    ...damaged.flatMap(({ at, said }) => [found[at]].flatMap((one) => (one ? [damage(one, said)] : []))),
    ...(unread.length > 0
      ? [
          unchecked(
            unread.flatMap(({ at }) => found[at] ?? []),
            unread[0]?.said ?? null,
          ),
        ]
      : []),
  ];
}

function damage({ root, path }: Found, said: string): Problem {
  const file = `${root.oldPath}/${printable(path)}`;
  return problem('database-damaged', {
    message: `${file} is damaged, as SQLite says: ${printable(said, 500)}`,
    hint: `It is the same on the old machine. Mend it there (sqlite3 ${pasteable(file)} .recover) and try again. An index of memories is made anew by the gateway, so that one may stay behind: --exclude ${pasteable(`/${printable(path)}*`)}`,
  });
}

function unchecked(found: readonly Found[], why: string | null): Problem {
  const names = found.map(({ root, path }) => `${root.oldPath}/${printable(path)}`);
  const reason =
    why === null ? 'neither the Node of the gateway nor a sqlite3 command can read it' : printable(why, 500);
  return problem('database-unchecked', {
    message: `It is not known whether ${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more,` : ''} ${names.length === 1 ? 'is' : 'are'} sound, because ${reason}.`,
    hint: `The copy is the same as on the old machine, byte for byte. To know more install the sqlite3 command here and look: sqlite3 FILE 'PRAGMA quick_check'`,
    detail: names.slice(0, SHOWN),
  });
}
