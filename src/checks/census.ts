import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { censusOf, countsOf, type Census, type Counts } from '../core/census.ts';
import type { Plan, Root } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import type { RunFolder, World } from '../core/step.ts';
import type { CensusPlace, CensusRequest } from '../census/request.ts';
import { takeCensus } from '../census/take.ts';
import { configCopied, configNow } from './config-now.ts';
import { configuredNames } from './gateway-config.ts';
import { together } from './together.ts';

/** Which copy of the gateway's things is counted. */
type Tree = 'old' | 'staged' | 'live';

const PATHS = { old: 'oldPath', staged: 'stagingPath', live: 'livePath' } as const satisfies Record<Tree, keyof Root>;

/** Where the things of a plan's gateway lie in one of the trees; what stands for a place is the same in all of them. Pure. */
export function placesOf({ roots: all, sessionStores = [] }: Pick<Plan, 'roots' | 'sessionStores'>, tree: Tree) {
  const roots = all.filter((root) => root.files === null);
  const at = (root: Root): string => root[PATHS[tree]];
  const whole = roots.filter((root) => root.room === 'workspace').map((root) => ({ id: root.id, path: at(root) }));
  return {
    state: roots.find((root) => root.id === 'state')?.[PATHS[tree]] ?? '',
    apart: roots
      .filter((root) => root.room === 'state' && root.id !== 'state')
      .map((root) => ({ id: root.id, path: at(root) })),
    workspaces: [...whole, ...roots.flatMap((root) => nestedIn(root, at(root)))],
    stores: sessionStores.flatMap(({ root: id, file }): CensusPlace[] => {
      const root = all.find((one) => one.id === id);
      return root && !isUsual(root, file) ? [{ id: `${id}/${file}`, path: posix.join(at(root), file) }] : [];
    }),
  } satisfies CensusRequest;
}

/** An index that is found without the config. */
function isUsual({ id, room }: Root, file: string): boolean {
  if (room !== 'state') return false;
  return id === 'state' ? /^agents\/[^/]+\/sessions\/sessions\.json$/.test(file) : file === 'sessions.json';
}

/**
 * Counts one of the trees, on the machine where it lies, without what the config names. Read-only, but for the run's folder. Throws as
 * `takeCensus`.
 */
function censusOfTree(world: Counting, plan: Plan, tree: Tree): Promise<Census> {
  const side = tree === 'old' ? 'old' : 'new';
  const { clock, signal, run } = world;
  const { node } = plan[side].gateway;
  const scratch = tree === 'staged' && run ? { scratch: run.path } : {};
  return takeCensus(world[side], { ...placesOf(plan, tree), ...scratch, node, clock, signal });
}

type Counting = Pick<World, 'old' | 'new' | 'clock' | 'signal'> & Partial<Pick<World, 'run'>>;

/**
 * Counts what the old gateway and its copy have. What the config names is read on the old machine alone: in the copy it is the same file,
 * byte for byte. With `isLive`, which is before that was compared, it is read in the copy. Throws as `takeCensus`, and `config-malformed`.
 */
export async function censusOfBoth(
  world: World,
  plan: Plan,
  { isLive }: { isLive: boolean },
): Promise<{ old: Census; copy: Census }> {
  const [old, copy, config] = await together([
    censusOfTree(world, plan, 'old'),
    censusOfTree(world, plan, 'staged'),
    isLive ? configCopied(plan, world) : configNow(world.old, plan.old.gateway, world),
  ]);
  const names = configuredNames(config.whole);
  return { old: withNames(old, names), copy: withNames(copy, names) };
}

/** Counts what the gateway has on this machine; a config that does not parse names nothing. Throws as `takeCensus`. */
export async function censusHere(world: World, plan: Plan): Promise<Census> {
  const [live, config] = await together([
    censusOfTree(world, plan, 'live'),
    configNow(world.new, plan.new.gateway, world).catch((thrown: unknown) => {
      if (thrown instanceof ProblemError && thrown.problem.code === 'config-malformed') return { whole: null };
      throw thrown;
    }),
  ]);
  return withNames(live, configuredNames(config.whole));
}

/**
 * What the old gateway owns now, in numbers, and which of its databases were not counted: it runs, so that one may just be written. Null
 * where no Node was found there, which pre-flight refuses. Read-only. Throws as `takeCensus`.
 */
export async function countOld(
  machines: Pick<World, 'old' | 'new'>,
  { plan, config }: { readonly plan: Plan; readonly config: unknown },
  waiting: Pick<World, 'clock' | 'signal'>,
): Promise<{ counts: Counts | null; uncounted?: readonly string[] }> {
  if (plan.old.gateway.node === '') return { counts: null };
  const census = withNames(await censusOfTree({ ...machines, ...waiting }, plan, 'old'), configuredNames(config));
  const uncounted = census.unread.map(({ file }) => file);
  return { counts: countsOf(census), ...(uncounted.length > 0 && { uncounted }) };
}

function withNames(census: Census, names: ReturnType<typeof configuredNames>): Census {
  const { 'configured-agent': agents, 'configured-channel': channels } = censusOf(names);
  return { ...census, 'configured-agent': agents, 'configured-channel': channels };
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
