import { posix as path } from 'node:path';
import { excludeMatcher } from './exclude.ts';
import { movedPaths } from './only-files.ts';
import type { Plan, Root } from './plan.ts';
import { problem, type Problem } from './problem.ts';
import { shown } from './shown.ts';

/** Plans that have to be carried out in one go, and what speaks against that. */
export interface Group {
  readonly plans: readonly Plan[];
  readonly problems: readonly Problem[];
}

/**
 * Puts plans that have something in common into one group each, the others alone; the order is kept as far as it can be. In a group
 * everything is carried once: what lies in a root of another plan is dropped from the one it belongs to. Pure.
 */
export function groupsOf(plans: readonly Plan[]): Group[] {
  const groups: Plan[][] = [];
  for (const plan of plans) {
    const met = groups.filter((group) => group.some((other) => share(plan, other) || share(other, plan)));
    const rest = groups.filter((group) => !met.includes(group));
    const at = met[0] ? groups.indexOf(met[0]) : rest.length;
    groups.splice(0, groups.length, ...rest.toSpliced(at, 0, [...met.flat(), plan]));
  }
  return groups.map((group) => (group.length === 1 ? { plans: group, problems: [] } : carriedOnce(group)));
}

function share(inner: Plan, outer: Plan): boolean {
  return inner.roots.some((root) =>
    movedPaths(root).some((one) => outer.roots.some((other) => holds(other, one, outer))),
  );
}

/** Is a path of the old machine copied with this root? */
function holds(root: Root, at: string, { excludes }: Plan): boolean {
  if (root.files !== null) return movedPaths(root).includes(at);
  if (at === root.oldPath) return true;
  if (!at.startsWith(`${root.oldPath}/`)) return false;
  return (
    excludeMatcher(excludes, root.room, root.workspaces)(Buffer.from(path.relative(root.oldPath, at)), true) === null
  );
}

function carriedOnce(group: readonly Plan[]): Group {
  const mapping = unitedMapping(group);
  const profiles = group.map((plan) => plan.old.gateway.profile);
  const problems: Problem[] = [];
  const done: Plan[] = [];
  for (const plan of outerFirst(group)) {
    const kept: Root[] = [];
    const carried: string[] = [];
    for (const root of plan.roots) {
      const left = leftOf(root, { plan, done, carried, problems });
      if (left) kept.push(left);
    }
    done.push({ ...plan, mapping, roots: kept, group: { profiles, carried } });
  }
  return {
    plans: done.map((plan) => ({
      ...plan,
      group: { profiles: done.map(profileOf), carried: plan.group?.carried ?? [] },
    })),
    problems,
  };
}

interface Carrying {
  readonly plan: Plan;
  /** What is carried already, by those before; their roots learn which workspaces lie in them. */
  readonly done: Plan[];
  readonly carried: string[];
  readonly problems: Problem[];
}

/** What of a root still has to be carried by its own plan; null where that is nothing. */
function leftOf(root: Root, { plan, done, carried, problems }: Carrying): Root | null {
  const moved = movedPaths(root);
  const found = moved.map((at) => carrierOf(at, done));
  if (found.every((one) => one === null)) return root;
  moved.forEach((at, place) => {
    const carrier = found[place];
    if (!carrier) return;
    carried.push(at);
    const against = unsound(root, { at, plan, carrier });
    if (against) problems.push(against);
    else if (root.files === null) learn(root, { carrier, stores: plan.sessionStores ?? [] }, done);
  });
  if (root.files === null) return null;
  const files = root.files.filter((_, at) => found[at] === null);
  const filesInPlace = root.filesInPlace.filter((name) => files.includes(name));
  return files.length === 0 ? null : { ...root, files, filesInPlace, liveExists: filesInPlace.length > 0 };
}

interface Carrier {
  readonly plan: Plan;
  readonly root: Root;
}

function carrierOf(at: string, done: readonly Plan[]): Carrier | null {
  const all = done.flatMap((plan) => plan.roots.map((root) => ({ plan, root })));
  return all.find(({ plan, root }) => holds(root, at, plan)) ?? null;
}

/** Why something cannot be carried by another plan; null when it can. */
function unsound(root: Root, { at, plan, carrier }: { at: string; plan: Plan; carrier: Carrier }): Problem | null {
  const inside = path.relative(carrier.root.oldPath, at);
  const there = path.join(carrier.root.livePath, inside);
  const own = root.files === null ? root.livePath : path.join(root.livePath, path.basename(at));
  if (root.id === 'state')
    return unshareable(at, [plan, carrier.plan], 'It is a state dir, and each gateway needs one of its own.');
  if (there !== own) return unshareable(at, [plan, carrier.plan], `One would put it to ${own}, the other to ${there}.`);
  if (plan.configFiles.some((file) => file.root === root.id))
    return unshareable(at, [plan, carrier.plan], 'Parts of a config lie in it, which each move rewrites.');
  return null;
}

function unshareable(at: string, plans: readonly Plan[], why: string): Problem {
  return problem('profiles-share', {
    message: `Profiles ${plans.map(profileOf).join(' and ')} have ${shown(at)} in common, which cannot be moved for both. ${why}`,
    hint: 'Give each gateway a directory of its own on the old machine, and try again.',
    detail: { path: at },
  });
}

/** A workspace in the root of another plan keeps the modes and rules of one, and an index of sessions has its paths rewritten. */
function learn(
  root: Root,
  { carrier, stores }: { carrier: Carrier; stores: NonNullable<Plan['sessionStores']> },
  done: Plan[],
): void {
  const inside = path.relative(carrier.root.oldPath, root.oldPath);
  const learned = stores
    .filter((store) => store.root === root.id)
    .map(({ file }) => ({ root: carrier.root.id, file: path.join(inside, file) }));
  const own = root.room === 'workspace' && carrier.root.room !== 'workspace' && inside !== '' ? [inside] : [];
  const workspaces = [
    ...new Set([...carrier.root.workspaces, ...own, ...root.workspaces.map((one) => path.join(inside, one))]),
  ];
  const at = done.indexOf(carrier.plan);
  const roots = carrier.plan.roots.map((one) => (one === carrier.root ? { ...one, workspaces } : one));
  done[at] = { ...carrier.plan, roots, sessionStores: [...(carrier.plan.sessionStores ?? []), ...learned] };
}

/** Whoever holds something of another one comes before that one; otherwise the order is kept. */
function outerFirst(group: readonly Plan[]): Plan[] {
  const left = [...group];
  const sorted: Plan[] = [];
  while (left.length > 0) {
    const free = left.find((plan) => !left.some((other) => other !== plan && isAround(other, plan)));
    const next = free ?? left[0];
    if (!next) break;
    sorted.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return sorted;
}

function isAround(outer: Plan, inner: Plan): boolean {
  return inner.roots.some((root) =>
    movedPaths(root).some((at) =>
      outer.roots.some((other) => other.files === null && other.oldPath !== at && holds(other, at, outer)),
    ),
  );
}

/** Paths of one gateway stand in the files of the other. */
function unitedMapping(group: readonly Plan[]): Plan['mapping'] {
  const byFrom = new Map(group.flatMap((plan) => plan.mapping).map((one) => [one.from, one]));
  return [...byFrom.values()].sort((one, other) => other.from.length - one.from.length);
}

function profileOf(plan: Plan): string {
  return plan.old.gateway.profile;
}
