import { posix as path } from 'node:path';
import { decide, stateOf, type Route, type Wish } from './decide.ts';
import type { Inventory } from './inventory.ts';
import type { Json } from './json.ts';
import type { Gateway, Plan, Rehearsal, Root } from './plan.ts';
import type { RunState } from './run-state.ts';
import { isOpen } from './running.ts';

/** The step that makes the scratch folder, and whose undo removes it; and the one that removes it at the end. */
export const SCRATCH = 'rehearse-scratch';
export const CLEAR = 'rehearse-clear';

/** What a Plan was decided from. */
export interface Decided {
  readonly inventory: Inventory;
  readonly routes: readonly Route[];
  readonly wish: Wish;
  readonly plan: Plan;
}

/**
 * Makes of the Plan of a move the Plan of its rehearsal: the same, with a key of its own and with what is other in the scratch folder, decided by
 * the same rules as if the scratch were a home without a gateway, a service manager, or anything else in it. Pure.
 */
export function rehearsalOf(decided: Decided, { run, port }: { run: string; port: number }): Plan {
  const { plan } = decided;
  const folder = path.join(path.dirname(stateOf(plan.roots).stagingPath), shortName(run, plan.key));
  const { new: here, roots, mapping } = decideIn(folder, decided, port);
  const rehearsal: Rehearsal = {
    key: plan.key,
    folder,
    home: here.home,
    gateway: alone(here.gateway),
    mapping,
    roots: roots.map((root) => ({
      ...root,
      stagingPath: path.join(folder, 'staging', root.id),
      parkedPath: path.join(folder, 'parked', root.id),
    })),
  };
  return { ...plan, key: `rehearsal-${plan.key}`, run, rehearsal };
}

/** The Plan by which the steps of a move work in the scratch. Throws where the Plan is none of a rehearsal. Pure. */
export function inScratch(plan: Plan): Plan {
  const { home, gateway, roots, mapping } = rehearsalIn(plan);
  return { ...plan, new: { ...plan.new, home, gateway }, roots, mapping };
}

/** Throws where the Plan is none of a rehearsal. Pure. */
export function rehearsalIn({ rehearsal }: Plan): Rehearsal {
  if (!rehearsal) throw new Error('not a plan of a rehearsal');
  return rehearsal;
}

/** What is locked for a run: of a rehearsal the move itself, whose staging it shares. Pure. */
export function lockKeyOf({ key, rehearsal }: Plan): string {
  return rehearsal?.key ?? key;
}

/** Has a rehearsal been broken off, so that its scratch folder may be there, and a gateway in it? Pure. */
export function isLeftOver(state: RunState): boolean {
  return Boolean(state.plan?.rehearsal) && isOpen(state, SCRATCH) && state.steps.get(CLEAR)?.phase !== 'applied';
}

/** Whatever is said in the scratch, with every place called as it would be after a real move. Pure. */
export function asIfMoved<Told extends Json>(plan: Plan, told: Told): Told {
  const { folder, home, roots } = rehearsalIn(plan);
  const staged = roots.flatMap(({ id, stagingPath }) => {
    const real = plan.roots.find((root) => root.id === id);
    return real ? [[stagingPath, real.stagingPath] as const] : [];
  });
  const names = [...staged, [home, plan.new.home] as const, [elsewhere(folder), ''] as const];
  const renamed = (text: string): string => names.reduce((all, [from, to]) => all.replaceAll(from, to), text);
  return inEvery(told, renamed) as Told;
}

function inEvery(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one: Json) => inEvery(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inEvery(one, change)]));
}

function decideIn(folder: string, { inventory, routes, wish, plan }: Decided, port: number): Plan {
  const home = path.join(folder, 'home');
  const homes = [inventory.new.home, inventory.new.realHome];
  const into = (place: string): string => {
    const around = homes.find((one) => place === one || place.startsWith(`${one}/`));
    return around === undefined ? elsewhere(folder) + place : home + place.slice(around.length);
  };
  const scratch: Inventory = {
    ...inventory,
    new: { ...inventory.new, home, realHome: home, userServices: false },
    newPort: { port, takenBy: null },
    dirs: inventory.dirs.map(({ old, new: here }) => {
      const place = into(here.path);
      return { old, new: { ...here, path: place, realPath: place, exists: false } };
    }),
  };
  const { commands: _, ...asked } = wish.asked;
  const empty = routes.map((route) => ({ ...route, filesInPlace: [] }));
  return decide(scratch, empty, { ...wish, asked }, plan.warnings);
}

/** A gateway makes sockets in its state dir, and the path of a socket has room for a hundred characters. */
function shortName(run: string, key: string): string {
  return `rehearsal-${run.slice(-4)}${key.slice(0, 4)}`;
}

function elsewhere(folder: string): string {
  return path.join(folder, 'elsewhere');
}

/** Nothing keeps it, and nothing is installed for it. */
function alone({ supervisor: _, ...gateway }: Gateway): Gateway {
  return { ...gateway, unit: null };
}

/** The scratch folders of what the steps of a rehearsal rename between, which they expect to be there. Pure. */
export function placesIn({ home, roots }: Rehearsal): readonly string[] {
  const above = roots.flatMap(({ stagingPath, parkedPath }: Root) => [
    path.dirname(stagingPath),
    path.dirname(parkedPath),
  ]);
  const live = roots.filter(({ files }) => files === null).map(({ livePath }) => path.dirname(livePath));
  return [...new Set([home, ...above, ...live])];
}
