import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { countsOf, type Census, type Counts } from '../core/census.ts';
import type { Plan, Root } from '../core/plan.ts';
import type { RunFolder, World } from '../core/step.ts';
import type { CensusPlace, CensusRequest } from '../census/request.ts';
import { takeCensus } from '../census/take.ts';

/** Which copy of the gateway's things is counted. */
export type Tree = 'old' | 'staged' | 'live';

const PATHS = { old: 'oldPath', staged: 'stagingPath', live: 'livePath' } as const satisfies Record<Tree, keyof Root>;

/** Where the things of a plan's gateway lie in one of the trees; what stands for a place is the same in all of them. Pure. */
export function placesOf(plan: Pick<Plan, 'roots'>, tree: Tree): CensusRequest {
  const roots = plan.roots.filter((root) => root.files === null);
  const at = (root: Root): string => root[PATHS[tree]];
  const whole = roots.filter((root) => root.room === 'workspace').map((root) => ({ id: root.id, path: at(root) }));
  return {
    state: roots.find((root) => root.id === 'state')?.[PATHS[tree]] ?? '',
    apart: roots
      .filter((root) => root.room === 'state' && root.id !== 'state')
      .map((root) => ({ id: root.id, path: at(root) })),
    workspaces: [...whole, ...roots.flatMap((root) => nestedIn(root, at(root)))],
  };
}

/** Counts one of the trees, on the machine where it lies. Read-only. Throws as `takeCensus`. */
export function censusOfTree(
  world: Pick<World, 'old' | 'new' | 'clock' | 'signal'>,
  plan: Plan,
  tree: Tree,
): Promise<Census> {
  const side = tree === 'old' ? 'old' : 'new';
  const { clock, signal } = world;
  return takeCensus(world[side], { ...placesOf(plan, tree), node: plan[side].gateway.node, clock, signal });
}

/** What the old gateway owns now, in numbers; null where no Node was found there, which pre-flight refuses. Read-only. Throws as `takeCensus`. */
export async function countOld(
  machines: Pick<World, 'old' | 'new'>,
  plan: Plan,
  waiting: Pick<World, 'clock' | 'signal'>,
): Promise<Counts | null> {
  if (plan.old.gateway.node === '') return null;
  return countsOf(await censusOfTree({ ...machines, ...waiting }, plan, 'old'));
}

/** In the run's folder: what the old gateway owned after its stop. */
export function censusFile(run: RunFolder): string {
  return join(run.path, 'census-old.json');
}

/** Throws the system's error where it was never written. */
export async function readCensus(run: RunFolder): Promise<Census> {
  return JSON.parse(await readFile(censusFile(run), 'utf8')) as Census;
}

function nestedIn(root: Root, path: string): CensusPlace[] {
  return root.workspaces.map((inside) => ({ id: `${root.id}/${inside}`, path: posix.join(path, inside) }));
}
