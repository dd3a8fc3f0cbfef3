import { posix as path } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Route } from '../core/decide.ts';
import type { Fate } from '../core/fate.ts';
import type { Host } from '../core/host.ts';
import type { DirFacts, GatewayFacts, Inventory, MachineFacts } from '../core/inventory.ts';
import type { Asked } from '../core/plan.ts';
import { chooseDirectories, rulesOf, type Directory } from './directories.ts';
import { measure } from './measure.ts';
import { namedPaths, type NamedPath } from './named-paths.ts';
import { LearnedPaths } from './learned-paths.ts';
import { seePaths } from './see-paths.ts';
import { fileRoutes, type SingleFile } from './single-files.ts';
import { newPlace, verdictOn, type Moving, type Verdict } from './verdict.ts';

/** What the layout follows from. `config` is what `wholeConfig` gave, or null. */
export interface LayoutFacts {
  readonly old: MachineFacts;
  readonly here: MachineFacts;
  readonly gateway: GatewayFacts;
  readonly includes: Inventory['includes'];
  readonly config: unknown;
  readonly asked: Asked;
}

/** The roots, both ends of each measured, in the same order; and what becomes of every path that has to do with the gateway. */
export interface Layout {
  readonly routes: readonly Route[];
  readonly dirs: readonly { readonly old: DirFacts; readonly new: DirFacts }[];
  readonly fates: readonly Fate[];
}

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Says what moves and where to: the state dir, the directories and single files that the config names outside of it, and what symlinks
 * in the state lead to. Whatever is named and stays is told with the reason. Read-only on both machines.
 */
export async function layOut(
  machines: { readonly old: Host; readonly new: Host },
  given: LayoutFacts,
  waiting: Waiting,
): Promise<Layout> {
  const facts = withWholePaths(given);
  const paths = new LearnedPaths(machines.old, waiting);
  const homes = { home: facts.old.home, newHome: facts.here.home, product: facts.asked.product };
  await paths.learn(namedPaths(facts.gateway, facts.includes, homes));
  const directories = await chooseDirectories(machines.old, { facts, paths }, waiting);
  const moving: Moving = {
    old: facts.old,
    here: facts.here,
    stateDir: facts.gateway.realStateDir,
    directories,
    rules: rulesOf(facts),
  };
  const verdicts = paths.all.map((named) => ({ named, verdict: verdictOn(named, paths.factsOf(named), moving) }));
  const files = verdicts.flatMap(({ named, verdict }): SingleFile[] => {
    const seen = paths.factsOf(named);
    return 'alone' in verdict && seen ? [{ named, facts: seen }] : [];
  });
  const single = await fileRoutes(machines.new, { files, moving, first: directories.length }, waiting);
  const routes = [...directories.map(routeOf), ...single.map(({ route }) => route)];
  const here = await measure(
    machines.new,
    directories.map(({ newPath }) => newPath),
    waiting,
  );
  const dirs = [
    ...directories.map(({ dir }, at) => ({ old: dir, new: here[at] ?? dir })),
    ...single.map((one) => one.dirs),
  ];
  const fates = await fatesOf(machines.new, { verdicts, moving, routes, paths }, waiting);
  return { routes, dirs, fates };
}

/** What was typed with `~` begins in the home of the machine that is meant; a place has one name, without `..` and a slash at the end. */
function withWholePaths(facts: LayoutFacts): LayoutFacts {
  const { asked, old, here } = facts;
  const whole = (text: string, home: string): string =>
    path.resolve('/', text.startsWith('~/') ? `${home}${text.slice(1)}` : text);
  const workspaces = asked.workspaces.map(({ from, to }) => {
    return { from: whole(from, old.home), to: to === null ? null : whole(to, here.home) };
  });
  const toStateDir = asked.toStateDir === null ? null : whole(asked.toStateDir, here.home);
  return { ...facts, asked: { ...asked, workspaces, toStateDir } };
}

function routeOf({ id, room, dir, newPath, workspaces }: Directory): Route {
  return { id, room, oldPath: dir.path, newPath, workspaces, files: null, filesInPlace: [] };
}

interface Judged {
  readonly verdicts: readonly { readonly named: NamedPath; readonly verdict: Verdict }[];
  readonly moving: Moving;
  readonly routes: readonly Route[];
  readonly paths: LearnedPaths;
}

async function fatesOf(host: Host, { verdicts, moving, routes, paths }: Judged, waiting: Waiting): Promise<Fate[]> {
  const staying = verdicts.filter(({ verdict }) => 'why' in verdict && verdict.why !== 'variable');
  const placeHere = ({ path, to }: NamedPath): string => to ?? newPlace(path, moving);
  const here = await seePaths(
    host,
    staying.map(({ named }) => placeHere(named)),
    waiting,
  );
  return verdicts.flatMap(({ named, verdict }): Fate[] => {
    const { path, namedBy } = named;
    if ('within' in verdict) {
      const { id, realPath } = verdict.within;
      const fate = paths.factsOf(named)?.realPath === realPath ? 'own-root' : 'with-root';
      return [{ path, namedBy, fate, root: id, why: null, isHere: null }];
    }
    if ('alone' in verdict) {
      const root = rootOfFile(paths.factsOf(named)?.realPath ?? path, routes);
      return [{ path, namedBy, fate: 'own-root', root, why: null, isHere: null }];
    }
    // What the product could have and has not is nobody's loss.
    if (verdict.why === 'missing' && namedBy === 'the product') return [];
    const isHere = verdict.why === 'variable' ? null : (here.get(placeHere(named))?.kind ?? 'none') !== 'none';
    return [{ path, namedBy, fate: 'stays', root: null, why: verdict.why, isHere }];
  });
}

function rootOfFile(realPath: string, routes: readonly Route[]): string | null {
  const found = routes.find(({ oldPath, files }) => files?.some((name) => realPath === `${oldPath}/${name}`));
  return found?.id ?? null;
}
