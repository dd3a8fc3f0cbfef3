import { createHash } from 'node:crypto';
import { posix as path } from 'node:path';
import { configRewrites } from './config-rewrites.ts';
import { EXCLUDE_TABLE, EXCLUDE_VERSION } from './exclude.ts';
import type { GatewayFacts, Inventory, MachineFacts, ProductFacts, RsyncFacts } from './inventory.ts';
import { keeperOf } from './keepers.ts';
import { buildMapping } from './mapping.ts';
import { inside } from './only-files.ts';
import type {
  Asked,
  Connect,
  ExcludeRule,
  Gateway,
  Limits,
  OwnCommands,
  Plan,
  RanAs,
  Root,
  Side,
  Supervisor,
} from './plan.ts';
import type { Problem } from './problem.ts';

/** A directory that moves: where it is on the old machine, and where it will live on the new one. */
export interface Route {
  readonly id: string;
  readonly room: 'state' | 'workspace';
  readonly oldPath: string;
  readonly newPath: string;
  /** Workspaces that lie inside, relative. */
  readonly workspaces: readonly string[];
  /** As in `Root`. */
  readonly files: readonly string[] | null;
  readonly filesInPlace: readonly string[];
}

/** What the person asked for, apart from the machines themselves. */
export interface Wish {
  readonly run: string;
  readonly target: string;
  readonly connect: Connect;
  readonly asked: Asked;
  readonly excludes: readonly ExcludeRule[];
  readonly limits: Limits;
  /** `unitName(product, profile)`; decided by the gateway room, which knows the names. */
  readonly unit: string;
  /** Names of the state dir under earlier names of the product, relative to a home; decided by the gateway room too. */
  readonly legacyStateDirs: readonly string[];
}

/** Decides the Plan. Pure: the same facts and wish give the same Plan. The facts must have passed pre-flight or will be refused by it. */
export function decide(inventory: Inventory, routes: readonly Route[], wish: Wish, warnings: readonly Problem[]): Plan {
  const { old, new: here, gateway } = inventory;
  const roots = routes.map((route, at) => rootOf(route, inventory, at, wish.run));
  const state = stateOf(roots);
  const mapping = mappingOf(inventory, roots, wish);
  return {
    schema: 1,
    key: moveKey(old, gateway, here, state.livePath),
    run: wish.run,
    target: wish.target,
    oldFolder: path.join(old.home, '.neo-pull-old'),
    connect: wish.connect,
    asked: wish.asked,
    old: sideOf(old, oldGateway(inventory, wish)),
    new: sideOf(here, newGateway(inventory, wish, roots)),
    ranAs: ranIn(inventory, wish),
    roots,
    fates: inventory.fates,
    mapping,
    excludeVersion: EXCLUDE_VERSION,
    excludes: [...EXCLUDE_TABLE, ...wish.excludes],
    configFiles: configFiles(inventory, roots),
    sessionStores: (inventory.sessionStores ?? []).flatMap((file) => placeIn(file, inventory, roots) ?? []),
    configRewrites: configRewrites(inventory, mapping, (file) => placeIn(file, inventory, roots)),
    channels: inventory.channels,
    counts: inventory.counts,
    ...(inventory.uncounted && { uncounted: inventory.uncounted }),
    provenance: inventory.provenance ?? [],
    byHand: inventory.byHand ?? null,
    outside: inventory.outside ?? [],
    limits: wish.limits,
    warnings,
  };
}

/** How the gateway runs, by its own supervisor's and process table's word. */
export function ranAs(gateway: GatewayFacts): RanAs {
  if (gateway.service?.active) return 'service';
  return gateway.process ? 'foreground' : 'stopped';
}

function ranIn({ old, gateway }: Inventory, { asked }: Wish): RanAs {
  const isKept = Boolean(asked.commands?.old) || keeperOf(old, gateway) !== null;
  return isKept && gateway.process ? 'service' : ranAs(gateway);
}

/** Names a move by the machines and the state dirs, not by the words of the command line: 12 hex digits. */
export function moveKey(old: MachineFacts, gateway: GatewayFacts, here: MachineFacts, livePath: string): string {
  const names = [old.machineId, gateway.realStateDir, here.machineId, livePath];
  return createHash('sha256').update(names.join('\0')).digest('hex').slice(0, 12);
}

/** The roots of the state room; there is always exactly one. */
export function stateOf(roots: readonly Root[]): Root {
  const state = roots.find((root) => root.id === 'state');
  if (!state) throw new Error('a plan without a state root');
  return state;
}

function rootOf(route: Route, inventory: Inventory, at: number, run: string): Root {
  const dirs = inventory.dirs[at];
  if (!dirs) throw new Error(`root ${route.id} was not measured`);
  // A live root may be reached through a symlink: what is swapped is what it points at.
  const livePath = dirs.new.realPath;
  // A directory whose single files are swapped stays where it is, and may not be there yet: what is renamed into it waits on its file system.
  const beside = path.join(route.files === null ? path.dirname(livePath) : dirs.new.parent.path, '.neo-pull');
  const name = `${path.basename(livePath).replace(/^\.+/, '')}-${route.id}`;
  return {
    id: route.id,
    room: route.room,
    oldPath: dirs.old.realPath,
    livePath,
    stagingPath: path.join(beside, `${name}.staging`),
    parkedPath: path.join(beside, `${name}.parked-${run}`),
    workspaces: route.workspaces,
    entries: dirs.old.entries,
    bytes: dirs.old.bytes,
    liveExists: route.files === null ? dirs.new.exists : route.filesInPlace.length > 0,
    files: route.files,
    filesInPlace: route.filesInPlace,
    ...(dirs.old.isMount && route.files === null ? { isMount: true } : {}),
  };
}

function mappingOf(inventory: Inventory, roots: readonly Root[], { legacyStateDirs }: Wish): Plan['mapping'] {
  const { old, new: here, dirs } = inventory;
  return buildMapping({
    oldHome: old.home,
    oldRealHome: old.realHome,
    newHome: here.home,
    roots: mappedRoots(inventory, roots),
    oldPlatform: old.platform,
    legacy: { names: legacyStateDirs, to: dirs[0]?.new.path ?? stateOf(roots).livePath },
  });
}

function mappedRoots(inventory: Inventory, roots: readonly Root[]) {
  // Single files go to the same place in the new home, which the homes say already.
  return roots.flatMap((root, at) => {
    if (root.files !== null) return [];
    const { old, new: here } = inventory.dirs[at] ?? {};
    return [{ from: old?.path ?? root.oldPath, realFrom: root.oldPath, to: here?.path ?? root.livePath }];
  });
}

function oldGateway({ old, gateway, newPort }: Inventory, wish: Wish): Gateway {
  return {
    ...invocation(old.product),
    product: wish.asked.product,
    profile: gateway.profile,
    home: old.home,
    uid: old.uid,
    stateDir: gateway.stateDir,
    configPath: gateway.configPath,
    port: newPort.port,
    unit: gateway.service?.unit ?? (old.userServices ? wish.unit : null),
    ...kept(ownOf(wish.asked.commands?.old) ?? keeperOf(old, gateway)?.supervisor),
  };
}

function newGateway(inventory: Inventory, wish: Wish, roots: readonly Root[]): Gateway {
  const { new: here, gateway, newPort, dirs } = inventory;
  const state = stateOf(roots);
  // By the name that the mapping gives it, which may lead through a symlink: the paths in the state are written with it.
  const stateDir = dirs[0]?.new.path ?? state.livePath;
  return {
    ...invocation(here.product),
    product: wish.asked.product,
    profile: gateway.profile,
    home: here.home,
    uid: here.uid,
    stateDir,
    configPath: configHere(inventory, roots),
    port: newPort.port,
    unit: here.userServices ? wish.unit : null,
    ...kept(ownOf(wish.asked.commands?.new)),
  };
}

/** Where the config will be: with the root that it lies in, by whichever name of it, or where it was. */
function configHere({ gateway, dirs }: Inventory, roots: readonly Root[]): string {
  const place = placeIn(gateway.configPath, { dirs }, roots);
  const at = roots.findIndex(({ id }) => id === place?.root);
  const root = roots[at];
  if (!place || !root) return gateway.configPath;
  return inside(root.files === null ? (dirs[at]?.new.path ?? root.livePath) : root.livePath, place.file);
}

function ownOf(commands: OwnCommands | null | undefined): Supervisor | null {
  return commands ? { kind: 'commands', ...commands } : null;
}

/** One that is kept by the usual means says nothing of it. */
function kept(supervisor: Supervisor | null | undefined): Pick<Gateway, 'supervisor'> {
  return supervisor ? { supervisor } : {};
}

/** What is missing is empty: pre-flight refuses such a plan before anything uses it. */
function invocation(product: ProductFacts | null): Pick<Gateway, 'argv' | 'binDir' | 'node'> {
  return { argv: product?.argv ?? [], binDir: product?.binDir ?? '', node: product?.node ?? '' };
}

function sideOf(facts: MachineFacts, gateway: Gateway): Side {
  const { machineId, hostname, user, uid, home, platform, arch, selinux = false } = facts;
  const productVersion = facts.product?.version ?? null;
  const rsync = rsyncOf(facts.rsync);
  return { machineId, hostname, user, uid, home, platform, arch, rsync, productVersion, selinux, gateway };
}

function rsyncOf(rsync: RsyncFacts | null): Side['rsync'] {
  const { path: program = '', version = null, flavour = 'gnu', capabilities = [] } = rsync ?? {};
  return { path: program, version, flavour, capabilities };
}

function configFiles(inventory: Inventory, roots: readonly Root[]): Plan['configFiles'] {
  const files = [inventory.gateway.configPath, ...inventory.includes.map((include) => include.path)];
  return files.flatMap((file) => placeIn(file, inventory, roots) ?? []);
}

/** In which root a file of the old machine lies, by whichever name of it; null outside of all of them. */
function placeIn(
  file: string,
  inventory: Pick<Inventory, 'dirs'>,
  roots: readonly Root[],
): Plan['configFiles'][number] | null {
  for (const [at, root] of roots.entries()) {
    for (const from of [inventory.dirs[at]?.old.path, root.oldPath]) {
      if (from === undefined || !file.startsWith(`${from}/`)) continue;
      const relative = path.relative(from, file);
      if (root.files === null || root.files.includes(relative)) return { root: root.id, file: relative };
    }
  }
  return null;
}
