import { posix as path } from 'node:path';
import { EXCLUDE_TABLE, excludeMatcher, parseExclude } from '../core/exclude.ts';
import type { Host } from '../core/host.ts';
import type { DirFacts } from '../core/inventory.ts';
import { roomOf } from '../core/modes.ts';
import type { ExcludeRule } from '../core/plan.ts';
import { fail, ProblemError } from '../core/problem.ts';
import { stateDirOf } from '../gateway/product.ts';
import { printable } from '../host/printable.ts';
import { configuredDirs } from './gateway-config.ts';
import type { LayoutFacts } from './layout.ts';
import { measure } from './measure.ts';
import { linkTarget, type NamedPath } from './named-paths.ts';
import type { LearnedPaths } from './learned-paths.ts';
import { refusal, wholeRefusal } from './refused.ts';
import { seePaths, type Waiting } from './see-paths.ts';
import { strayLinks } from './stray-links.ts';
import { isInside, placeOf, verdictOn, type Moving, type MovingDirectory } from './verdict.ts';

/** A directory that moves, measured on the old machine. */
export interface Directory extends MovingDirectory {
  readonly dir: DirFacts;
}

interface Candidate {
  readonly room: 'state' | 'workspace';
  readonly path: string;
  readonly to: string | null;
}

/** The rules by which something inside of what moves is left out. Pure. Throws `option-invalid`. */
export function rulesOf({ asked }: Pick<LayoutFacts, 'asked'>): ExcludeRule[] {
  return [...EXCLUDE_TABLE, ...asked.excludes.map(parseExclude)];
}

/**
 * The directories that move as a whole: the state dir, what the config names as the gateway's outside of it, and what symlinks in the
 * state lead to. What lies inside another one, through symlinks too, is copied once, with that one; what does not exist is none.
 * Read-only. Throws `root-refused` before anything that large is counted, `state-dir-missing`, `option-invalid`.
 */
export async function chooseDirectories(
  host: Host,
  { facts, paths }: { facts: LayoutFacts; paths: LearnedPaths },
  waiting: Waiting,
): Promise<Directory[]> {
  const candidates = candidatesOf(facts);
  const measured = new Map<string, DirFacts>();
  const scanned = new Set<string>();
  for (;;) {
    candidates.push(
      ...extraDirectories(facts, paths).filter((one) => !candidates.some(({ path: at }) => at === one.path)),
    );
    const fresh = candidates.map((one) => one.path).filter((at) => !measured.has(at));
    await refuse(host, { facts, fresh }, waiting);
    for (const dir of await measure(host, fresh, waiting)) measured.set(dir.path, dir);
    const directories = directoriesOf(candidates, measured, facts);
    const unscanned = directories.filter(({ realPath, dir }) => dir.exists && !scanned.has(realPath));
    if (unscanned.length === 0) return directories;
    unscanned.forEach(({ realPath }) => scanned.add(realPath));
    await paths.learn(await linksIn(host, { directories: unscanned, facts }, waiting));
  }
}

/** The state dir comes first; it is always a root. */
function candidatesOf({ gateway, config, asked, old, here }: LayoutFacts): Candidate[] {
  const { product } = asked;
  const isUsual = gateway.stateDir === stateDirOf(product, old.home, gateway.profile);
  const usual = isUsual ? stateDirOf(product, here.home, gateway.profile) : null;
  const state: Candidate = { room: 'state', path: gateway.stateDir, to: asked.toStateDir ?? usual };
  const configured = configuredDirs(config, gateway, { product, home: old.home }).map((dir): Candidate => {
    return { room: dir.kind === 'workspace' ? 'workspace' : 'state', path: dir.path, to: null };
  });
  const named = asked.workspaces.map(({ from, to }): Candidate => ({ room: 'workspace', path: from, to }));
  return [state, ...named, ...configured.filter((one) => !named.some((other) => other.path === one.path))];
}

/** Throws for what is a whole home or a directory of the system, named or by its real path. */
function extraDirectories(facts: LayoutFacts, paths: LearnedPaths): Candidate[] {
  const moving: Moving = { ...facts, stateDir: facts.gateway.realStateDir, directories: [], rules: [] };
  return paths.all.flatMap((named) => {
    const seen = paths.factsOf(named);
    if (seen?.kind !== 'dir') return [];
    const dir = { path: named.path, realPath: seen.realPath };
    const refused = named.as === 'directory' ? wholeRefusal(dir, facts.old, named.namedBy) : null;
    if (refused) throw new ProblemError(refused);
    // What lies in the state dir moves with it, by the rules and modes of the state.
    if (isInside(seen.realPath, moving.stateDir)) return [];
    return 'alone' in verdictOn(named, seen, moving) ? [{ room: named.room, path: named.path, to: null }] : [];
  });
}

async function refuse(
  host: Host,
  { facts, fresh }: { facts: LayoutFacts; fresh: readonly string[] },
  waiting: Waiting,
): Promise<void> {
  for (const [at, { realPath, kind }] of await seePaths(host, fresh, waiting)) {
    const refused = kind === 'dir' ? refusal({ path: at, realPath }, facts.old, 'on the old machine') : null;
    if (refused) throw new ProblemError(refused);
  }
}

function directoriesOf(
  candidates: readonly Candidate[],
  measured: ReadonlyMap<string, DirFacts>,
  facts: LayoutFacts,
): Directory[] {
  const there = candidates.flatMap((one) => {
    const dir = measured.get(one.path);
    if (dir?.exists) return [{ ...one, dir }];
    if (one.to !== null || facts.asked.workspaces.some((asked) => asked.from === one.path)) throw notThere(one.path);
    return [];
  });
  const isCovered = ({ dir }: { dir: DirFacts }, at: number): boolean =>
    there.some((other, place) => covers(other.dir, dir, place < at));
  const around = there.find((one) => one !== there[0] && isInside(facts.gateway.realStateDir, one.dir.realPath));
  if (around) throw holdsState(around.path, facts.gateway.stateDir);
  const covered = there.find((one, at) => one.to !== null && isCovered(one, at));
  if (covered) throw insideAnother(covered.path);
  const chosen: Directory[] = [];
  for (const { room, path: from, to, dir } of there.filter((one, at) => !isCovered(one, at))) {
    const at = chosen.length;
    const nested = there.filter((one) => one.room === 'workspace' && isInside(one.dir.realPath, dir.realPath));
    const moving = { ...facts, directories: chosen };
    chosen.push({
      id: at === 0 ? 'state' : `${room === 'workspace' ? 'workspace' : 'state'}-${at}`,
      room,
      dir,
      realPath: dir.realPath,
      newPath: to ?? placeOf({ path: from, realPath: dir.realPath }, moving),
      workspaces: nested.map((one) => path.relative(dir.realPath, one.dir.realPath)),
    });
  }
  return chosen;
}

/** What a link in the state leads to is part of it; what one in a workspace leads to is told, and not followed. */
async function linksIn(
  host: Host,
  { directories, facts }: { directories: readonly Directory[]; facts: LayoutFacts },
  waiting: Waiting,
): Promise<NamedPath[]> {
  const tops = directories.map(({ realPath }) => realPath);
  const links = await strayLinks(host, tops, waiting);
  return links.flatMap(({ top, link, target }) => {
    const one = directories.find(({ realPath }) => realPath === top);
    if (!one) return [];
    const relative = Buffer.from(path.relative(top, link));
    if (excludeMatcher(rulesOf(facts), one.room, one.workspaces)(relative, false)) return [];
    return [linkTarget({ link, target }, roomOf({ ...one, path: relative }) === 'state' ? 'linked' : 'link')];
  });
}

function covers(root: DirFacts, dir: DirFacts, isEarlier: boolean): boolean {
  if (root.realPath === dir.realPath) return isEarlier;
  return isInside(dir.realPath, root.realPath);
}

function insideAnother(dir: string): Error {
  return fail('option-invalid', {
    message: `${dir} lies inside another directory that moves, so it cannot go to a place of its own.`,
    hint: 'Leave its =NEW out: it is copied with the directory that it lies in.',
  });
}

function holdsState(dir: string, stateDir: string): Error {
  return fail('root-refused', {
    message: `${printable(dir)} on the old machine holds the state dir (${printable(stateDir)}), so neither could be put in place without the other.`,
    hint: 'Give the agent a directory of its own (agents.defaults.workspace in the config, --workspace), then try again.',
  });
}

function notThere(dir: string): Error {
  return fail('state-dir-missing', {
    message: `${dir} does not exist on the old machine.`,
    hint: 'Give a directory that is there, with its whole path.',
  });
}
