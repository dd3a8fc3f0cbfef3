import { posix as path } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Route } from '../core/decide.ts';
import type { Host } from '../core/host.ts';
import type { DirFacts, GatewayFacts, MachineFacts } from '../core/inventory.ts';
import type { Asked } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { stateDirOf } from '../gateway/product.ts';
import { configuredDirs } from './gateway-config.ts';
import { measure } from './measure.ts';

/** What the layout follows from. `config` is what `readConfig` gave, or null. */
export interface LayoutFacts {
  readonly old: MachineFacts;
  readonly here: MachineFacts;
  readonly gateway: GatewayFacts;
  readonly config: unknown;
  readonly asked: Asked;
}

/** The roots, and both ends of each measured, in the same order. */
export interface Layout {
  readonly routes: readonly Route[];
  readonly dirs: readonly { readonly old: DirFacts; readonly new: DirFacts }[];
}

interface Candidate {
  readonly room: 'state' | 'workspace';
  readonly path: string;
  readonly to: string | null;
}

/**
 * Says which directories move and where to: the state dir, and what the config names outside of it. What lies inside another root,
 * through symlinks too, is copied once, with that root; what does not exist is no root. Read-only on both machines.
 */
export async function layOut(
  machines: { readonly old: Host; readonly new: Host },
  facts: LayoutFacts,
  waiting: { clock: Clock; signal: AbortSignal },
): Promise<Layout> {
  const candidates = candidatesOf(facts);
  const measured = await measure(
    machines.old,
    candidates.map((one) => one.path),
    waiting,
  );
  const there = candidates.flatMap((one, at) => {
    const dir = measured[at];
    if (dir?.exists) return [{ ...one, dir }];
    if (one.to !== null || facts.asked.workspaces.some((asked) => asked.from === one.path)) throw notThere(one.path);
    return [];
  });
  const covered = there.find(
    (one, at) => one.to !== null && there.some((other, place) => covers(other.dir, one.dir, place < at)),
  );
  if (covered) throw insideAnother(covered.path);
  const roots = there.filter((one, at) => !there.some((other, place) => covers(other.dir, one.dir, place < at)));
  const routes = roots.map(({ room, path: from, to, dir }, at): Route => {
    const nested = there.filter((one) => one.room === 'workspace' && isInside(one.dir.realPath, dir.realPath));
    return {
      id: at === 0 ? 'state' : `${room === 'workspace' ? 'workspace' : 'state'}-${at}`,
      room,
      oldPath: from,
      newPath: to ?? newPlace(dir.path, facts),
      workspaces: nested.map((one) => path.relative(dir.realPath, one.dir.realPath)),
    };
  });
  const here = await measure(
    machines.new,
    routes.map((route) => route.newPath),
    waiting,
  );
  const dirs = roots.map(({ dir }, at) => ({ old: dir, new: here[at] ?? dir }));
  return { routes, dirs };
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

/** A place in the old home goes to the same place in the new one; any other path stays as it is. */
function newPlace(oldPath: string, { old, here }: LayoutFacts): string {
  for (const home of [old.home, old.realHome]) {
    if (isInside(oldPath, home)) return path.join(here.home, path.relative(home, oldPath));
  }
  return oldPath;
}

function covers(root: DirFacts, dir: DirFacts, isEarlier: boolean): boolean {
  if (root.realPath === dir.realPath) return isEarlier;
  return isInside(dir.realPath, root.realPath);
}

function isInside(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}

function insideAnother(dir: string): Error {
  return fail('option-invalid', {
    message: `${dir} lies inside another directory that moves, so it cannot go to a place of its own.`,
    hint: 'Leave its =NEW out: it is copied with the directory that it lies in.',
  });
}

function notThere(dir: string): Error {
  return fail('state-dir-missing', {
    message: `${dir} does not exist on the old machine.`,
    hint: 'Give a directory that is there, with its whole path.',
  });
}
