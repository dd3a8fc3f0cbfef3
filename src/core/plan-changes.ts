import { movedPaths, parkedPlaces } from './only-files.ts';
import { carriedNames } from './outside.ts';
import type { Plan, Root } from './plan.ts';

/** What differs between the Plan that was agreed to and the one that a new look gives. Pure. */
export interface PlanChanges {
  /** For people, one sentence each. */
  readonly lines: readonly string[];
  /** False when only sizes changed: then nobody needs to be asked again. */
  readonly needsConsent: boolean;
}

/** Compares two Plans of the same move. */
export function planChanges(agreed: Plan, seen: Plan): PlanChanges {
  const material = [...rootChanges(agreed, seen), ...gatewayChanges(agreed, seen)];
  const sizes = seen.roots.flatMap((root) => sizeChange(sameRoot(agreed, root), root));
  return { lines: [...material, ...sizes], needsConsent: material.length > 0 };
}

function rootChanges(agreed: Plan, seen: Plan): string[] {
  const [before, now] = [agreed, seen].map((plan) => plan.roots.flatMap(movedPaths));
  const added = now?.filter((path) => !before?.includes(path)).map((path) => `now moves too: ${path}`) ?? [];
  const gone = before?.filter((path) => !now?.includes(path)).map((path) => `no longer moves: ${path}`) ?? [];
  const elsewhere = seen.roots.flatMap((root) => {
    const before = sameRoot(agreed, root);
    if (!before || before.livePath === root.livePath) return [];
    return [`${root.oldPath} goes to ${root.livePath} now, no longer to ${before.livePath}`];
  });
  const known = agreed.roots.filter((root) => root.liveExists).flatMap(parkedPlaces);
  const live = seen.roots
    .filter((root) => root.liveExists && sameRoot(agreed, root))
    .flatMap(parkedPlaces)
    .filter(({ livePath }) => !known.some((one) => one.livePath === livePath));
  return [...added, ...gone, ...elsewhere, ...live.map(({ livePath }) => `will be parked: ${livePath} exists now`)];
}

function gatewayChanges(agreed: Plan, seen: Plan): string[] {
  const pairs: [string, string | number | null, string | number | null][] = [
    ['the port', agreed.new.gateway.port, seen.new.gateway.port],
    ['the way the old gateway runs', agreed.ranAs, seen.ranAs],
    ['the product on the old machine', agreed.old.productVersion, seen.old.productVersion],
    ['the product on this machine', agreed.new.productVersion, seen.new.productVersion],
    ['the service on the old machine', agreed.old.gateway.unit, seen.old.gateway.unit],
    ['what keeps the old gateway', supervisorName(agreed), supervisorName(seen)],
    ['the variables that are carried', carriedNames(agreed).join(', ') || null, carriedNames(seen).join(', ') || null],
    ['the config file', agreed.old.gateway.configPath, seen.old.gateway.configPath],
  ];
  return pairs.flatMap(([what, was, is]) => (was === is ? [] : [`${what}: ${is ?? 'none'} now, was ${was ?? 'none'}`]));
}

function supervisorName({ old: { gateway } }: Plan): string | null {
  return gateway.supervisor ? JSON.stringify(gateway.supervisor) : null;
}

function sizeChange(before: Root | undefined, root: Root): string[] {
  if (!before || (before.bytes === root.bytes && before.entries === root.entries)) return [];
  const entries = root.entries - before.entries;
  const bytes = root.bytes - before.bytes;
  return [`${root.oldPath}: ${signed(entries)} entries, ${signed(bytes)} bytes since`];
}

function sameRoot(plan: Plan, root: Root): Root | undefined {
  const isSame = (other: Root): boolean =>
    other.oldPath === root.oldPath && (other.files === null) === (root.files === null);
  return plan.roots.find(isSame);
}

function signed(count: number): string {
  return count < 0 ? String(count) : `+${count}`;
}
