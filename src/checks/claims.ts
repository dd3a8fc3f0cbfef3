import path from 'node:path';
import type { ProcessFacts, ProductName, ServiceFacts } from '../core/inventory.ts';
import {
  configPathOf,
  DEFAULT_PROFILE,
  envName,
  PRODUCTS,
  profileOfStateDir,
  stateDirOf,
  type EnvSuffix,
} from '../gateway/product.ts';
import type { MachineSeen, SeenLock, SeenProcess } from './machine-seen.ts';

/** One source's word on where a gateway's state lies. Sources are believed in the order service, process, flag, default. */
export interface Claim {
  readonly kind: 'service' | 'process' | 'flag' | 'default';
  /** For people: `unit smart-agent-neo-gateway.service`. */
  readonly source: string;
  /** Null where the source does not tell. */
  readonly profile: string | null;
  readonly stateDir: string;
  /** Null where the source leaves it to the state dir. */
  readonly configPath: string | null;
  readonly service: ServiceFacts | null;
  readonly process: ProcessFacts | null;
}

/** What the person named. */
export interface Named {
  readonly product: ProductName;
  readonly stateDir?: string | undefined;
  readonly profiles?: readonly string[] | undefined;
}

/** All that services, processes, the person and the names of directories say, most believed first. Pure. */
export function claimsOf(seen: MachineSeen, named: Named): Claim[] {
  const serving = seen.processes.filter((process) => process.serves || lockOf(process.facts.pid, seen));
  const known = new Set(seen.processes.map((process) => process.facts.pid));
  // One whose process is no longer among the others ended meanwhile, or is not called as the product's are.
  const strays = seen.locks.filter((lock) => !known.has(lock.facts.pid) && isAtHome(lock, seen, named));
  return [
    ...seen.services
      .filter((service) => isGateway(service, named.product))
      .map((one) => serviceClaim(one, seen, named)),
    ...serving.filter((process) => isAtHome(process, seen, named)).map((process) => processClaim(process, seen, named)),
    ...strays.flatMap((lock) => lockClaim(lock, named)),
    ...(named.stateDir === undefined ? [] : [flagClaim(named.stateDir, named)]),
    ...defaultClaims(seen, named),
  ];
}

function serviceClaim(service: MachineSeen['services'][number], seen: MachineSeen, { product }: Named): Claim {
  const { process, ...facts } = service;
  const env = (suffix: EnvSuffix): string | undefined => service.environment[envName(product, suffix)];
  const profile = env('PROFILE') ?? flagOf(service.execStart) ?? profileOfUnit(service.unit, product);
  const home = env('HOME') ?? service.environment['HOME'] ?? seen.machine.home;
  return {
    kind: 'service',
    source: `unit ${service.unit}`,
    profile: profile ?? profileOfStateDir(product, env('STATE_DIR') ?? ''),
    stateDir: fromHome(env('STATE_DIR'), home) ?? usualDir(home, profile, seen, product),
    configPath: fromHome(env('CONFIG_PATH'), home),
    service: facts,
    process,
  };
}

function processClaim({ facts, env, profileFlag }: SeenProcess, seen: MachineSeen, { product }: Named): Claim {
  const lock = lockOf(facts.pid, seen);
  const home = env.get('HOME') ?? env.get('userHome') ?? seen.machine.home;
  const told = fromHome(env.get('STATE_DIR'), home);
  const locked = lock?.configPath == null ? null : path.posix.dirname(lock.configPath);
  const profile = env.get('PROFILE') ?? profileFlag ?? profileOfStateDir(product, told ?? locked ?? '');
  return {
    kind: 'process',
    source: `running process ${String(facts.pid)}`,
    profile,
    stateDir: told ?? locked ?? usualDir(home, profile, seen, product),
    configPath: fromHome(env.get('CONFIG_PATH'), home) ?? lock?.configPath ?? null,
    service: null,
    process: { ...facts, foundBy: lock?.facts.foundBy ?? facts.foundBy },
  };
}

/** A process of this account that lives in another home serves somebody else, unless its state lies in this one or was named. */
function isAtHome(
  { env }: Pick<SeenProcess, 'env'>,
  { machine: { home, realHome } }: MachineSeen,
  named: Named,
): boolean {
  const its = env.get('HOME') ?? env.get('userHome');
  const stateDir = env.get('STATE_DIR') ?? '';
  const isHome = its === undefined || its === home || its === realHome;
  return isHome || stateDir.startsWith(`${home}/`) || stateDir === named.stateDir;
}

function lockClaim({ facts, configPath }: SeenLock, { product }: Named): Claim[] {
  if (configPath === null) return [];
  const stateDir = path.posix.dirname(configPath);
  const profile = profileOfStateDir(product, stateDir);
  const source = `running process ${String(facts.pid)}`;
  return [{ kind: 'process', source, profile, stateDir, configPath, service: null, process: facts }];
}

function flagClaim(stateDir: string, { product }: Named): Claim {
  const profile = profileOfStateDir(product, stateDir);
  return { kind: 'flag', source: 'flag', profile, stateDir, configPath: null, service: null, process: null };
}

/** Directories with the product's names. Those of its earlier names count only where the present name is not used. */
function defaultClaims(seen: MachineSeen, { product, profiles = [] }: Named): Claim[] {
  const usual = usualDir(seen.machine.home, DEFAULT_PROFILE, seen, product);
  const named = profiles.map((profile) => usualDir(seen.machine.home, profile, seen, product));
  const dirs = seen.dirs.filter((dir) => dir === usual || isOfOtherProfile(dir, product));
  return [...new Set([...dirs, ...named])].map((stateDir) => {
    const profile = profileOfStateDir(product, stateDir);
    return { kind: 'default', source: 'default', profile, stateDir, configPath: null, service: null, process: null };
  });
}

function isOfOtherProfile(dir: string, product: ProductName): boolean {
  const profile = profileOfStateDir(product, dir);
  return profile !== null && profile !== DEFAULT_PROFILE;
}

function usualDir(home: string, profile: string | null, seen: MachineSeen, product: ProductName): string {
  const usual = stateDirOf(product, home, profile ?? DEFAULT_PROFILE);
  if ((profile ?? DEFAULT_PROFILE) !== DEFAULT_PROFILE || seen.dirs.includes(usual)) return usual;
  const legacy = PRODUCTS[product].legacyStateDirNames.map((name) => path.posix.join(home, name));
  return legacy.find((dir) => seen.dirs.includes(dir)) ?? usual;
}

function lockOf(pid: number, seen: MachineSeen): SeenLock | undefined {
  return seen.locks.find((lock) => lock.facts.pid === pid);
}

function isGateway(service: ServiceFacts, product: ProductName): boolean {
  return profileOfUnit(service.unit, product) !== null || service.execStart.includes('gateway');
}

/** `smart-agent-neo-gateway-p.service` → `p`; null for names that follow no pattern. */
function profileOfUnit(unit: string, product: ProductName): string | null {
  const name = unit.replace(/\.service$/, '');
  const { unitBase, legacyUnitBases } = PRODUCTS[product];
  const base = [unitBase, ...legacyUnitBases].find((one) => name === one || name.startsWith(`${one}-`));
  return base === undefined ? null : name.slice(base.length + 1) || DEFAULT_PROFILE;
}

function flagOf(argv: readonly string[]): string | null {
  const at = argv.indexOf('--profile');
  const joined = argv.find((word) => word.startsWith('--profile='))?.slice('--profile='.length);
  return (at < 0 ? joined : argv[at + 1]) ?? null;
}

function fromHome(text: string | undefined, home: string): string | null {
  if (text === undefined || text === '') return null;
  return text === '~' || text.startsWith('~/') ? path.posix.join(home, text.slice(1)) : text;
}

/** The config that a claim means, said or not. Pure. */
export function configOf(claim: Claim, product: ProductName): string {
  return claim.configPath ?? configPathOf(product, claim.stateDir);
}
