import { createHash } from 'node:crypto';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readDotEnv, withVariables } from '../core/dot-env.ts';
import { finalMode } from '../core/modes.ts';
import { carriedNames } from '../core/outside.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problem } from '../core/problem.ts';
import type { RunFolder, World } from '../core/step.ts';
import { undoFolder, type Change } from '../walk/declared-changes.ts';
import type { Entry } from '../walk/entry.ts';
import { copyDurably, lookAt } from './make-change.ts';

const ENV = '.env';
const ADDED = 'added-env.ready';

interface Place {
  readonly plan: Plan;
  readonly root: Root;
  readonly world: World;
}

/** Where `carry-env` leaves the values until reconcile takes them. */
export function carriedFile(run: RunFolder): string {
  return join(run.path, 'undo-new', 'carried-env.json');
}

/** Is this the `.env` that variables are carried into? */
export function isCarriedInto(plan: Plan, root: Root, path: Buffer): boolean {
  return root.id === 'state' && path.toString() === ENV && carriedNames(plan).length > 0;
}

/** Adds the variables to the `.env` that the copy has; what it sets already stays, and is told where the old gateway had another value. */
export async function* carriedChange(
  staged: Place & { readonly item: Entry; readonly named: string },
): AsyncGenerator<Change> {
  const { plan, root, world, item, named } = staged;
  const source = join(root.stagingPath, ENV);
  const bytes = await readFile(source);
  const was = bytes.toString();
  const values = await valuesIn(world.run);
  await tellOutranked(world, was, values);
  const text = withVariables(was, needed(plan, values));
  if (text === was) return;
  const folder = undoFolder(world.run, root);
  await copyDurably(source, join(folder, named));
  // What was there stays as it is to the last byte, UTF-8 or not.
  const content = Buffer.concat([bytes, Buffer.from(text.slice(was.length))]);
  await writePrivately(join(folder, `${named}.ready`), content);
  yield {
    kind: 'file',
    path: item.path.toString('base64'),
    original: named,
    ready: `${named}.ready`,
    carried: [...needed(plan, values).keys()].filter((name) => !readDotEnv(was).has(name)),
    mode: finalMode({ ...item, room: root.room, workspaces: root.workspaces }),
    mtimeNs: String(item.mtimeNs),
    ...digestOf(content),
  };
}

/** Makes a `.env` where the copy has none; it is as old as what was fetched. */
export async function* addedEnv({ plan, root, world }: Place): AsyncGenerator<Change> {
  if (!isCarriedInto(plan, root, Buffer.from(ENV))) return;
  if ((await lookAt(join(root.stagingPath, ENV))) !== null) return;
  const values = needed(plan, await valuesIn(world.run));
  const text = Buffer.from(withVariables('', values));
  await writePrivately(join(undoFolder(world.run, root), ADDED), text);
  const { mtimeNs } = await stat(carriedFile(world.run), { bigint: true });
  yield {
    kind: 'added',
    path: Buffer.from(ENV).toString('base64'),
    ready: ADDED,
    carried: [...values.keys()],
    mode: 0o600,
    mtimeNs: String(mtimeNs),
    ...digestOf(text),
  };
}

/** A file (0600) that appears whole and is on the disk when this is done. Repeatable. */
export async function writePrivately(file: string, content: string | Buffer): Promise<void> {
  const handle = await open(`${file}.draft`, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.draft`, file);
}

async function valuesIn(run: RunFolder): Promise<ReadonlyMap<string, string>> {
  const values = JSON.parse(await readFile(carriedFile(run), 'utf8')) as Record<string, string>;
  return new Map(Object.entries(values));
}

function needed(plan: Plan, values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    carriedNames(plan).flatMap((name) => {
      const value = values.get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

async function tellOutranked(world: World, text: string, values: ReadonlyMap<string, string>): Promise<void> {
  const had = readDotEnv(text);
  const names = [...values].flatMap(([name, value]) => (had.has(name) && had.get(name) !== value ? [name] : []));
  if (names.length === 0) return;
  await world.emit({
    type: 'run.warned',
    problem: problem('env-outranked', {
      message: `.env has another value of ${names.join(', ')} than the old gateway ran with; the new one runs with that of .env.`,
      hint: 'If the other value is meant, write it into .env of the state dir on this machine and restart the gateway.',
    }),
  });
}

function digestOf(content: Buffer): { sizeBytes: number; sha256: string } {
  return { sizeBytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
