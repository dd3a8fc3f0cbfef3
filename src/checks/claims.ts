import path from 'node:path';
import type { ProcessFacts, Saying, ServiceFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import {
  DEFAULT_PROFILE,
  configCandidates,
  envNames,
  productNames,
  profileOfStateDir,
  stateDirOf,
  type EnvSuffix,
} from '../gateway/product.ts';
import type { MachineSeen, SeenLock, SeenProcess } from './machine-seen.ts';

/** One source's word on where a gateway's state lies. Sources are believed in the order service, process, flag, default, status. */
export interface Claim {
  readonly kind: 'service' | 'process' | 'flag' | 'default' | 'status';
  /** For people: `unit smart-agent-neo-gateway.service`. */
  readonly source: string;
  /** Null where the source does not tell. */
  readonly profile: string | null;
  readonly stateDir: string;
  /** Null where the source leaves it to the state dir. */
  readonly configPath: string | null;
  /** Where the config may lie then: the first that exists counts, else the first. */
  readonly configs: readonly string[];
  /** What the source says in so many words, and with which of its own. What is not here follows from the rest. */
  readonly said: readonly { readonly what: Saying['what']; readonly value: string; readonly source: string }[];
  readonly service: ServiceFacts | null;
  readonly process: ProcessFacts | null;
}

/** What the person named. */
export interface Named {
  readonly product: AnyProduct;
  readonly stateDir?: string | undefined;
  readonly configPath?: string | undefined;
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

function serviceClaim(service: MachineSeen['services'][number], seen: MachineSeen, named: Named): Claim {
  const { process: main, ...facts } = service;
  const { variables } = seen.processes.find((one) => one.facts.pid === main?.pid)?.facts ?? {};
  const process = main && { ...main, ...(variables && { variables }) };
  const { product } = named;
  const found = (suffix: EnvSuffix): Found | null => {
    const name = envNames(product, suffix).find((one) => service.environment[one] !== undefined);
    if (name === undefined) return null;
    const by = service.setBy?.[name] ?? 'unit';
    const source = `unit ${service.unit}${by === 'unit' ? '' : ` (${by})`}`;
    return { value: service.environment[name] ?? '', source };
  };
  const word = (value: string | null): Found | null =>
    value === null ? null : { value, source: `unit ${service.unit}` };
  const home = found('HOME')?.value ?? service.environment['HOME'] ?? seen.machine.home;
  return claimOf({
    ...{ seen, named, home, process, service: facts, kind: 'service', source: `unit ${service.unit}` },
    // The flag beats the environment for the port, and the environment beats the flag for the profile.
    port: word(flagOf(service.execStart, '--port')) ?? found('GATEWAY_PORT'),
    profile: found('PROFILE') ?? word(flagOf(service.execStart, '--profile')),
    byName: profileOfUnit(service.unit, product),
    stateDir: found('STATE_DIR'),
    config: found('CONFIG_PATH'),
  });
}

interface Found {
  readonly value: string;
  readonly source: string;
}

/** What one source says, as it says it. */
interface Word extends Pick<Claim, 'kind' | 'source' | 'service' | 'process'> {
  readonly seen: MachineSeen;
  readonly named: Named;
  readonly home: string;
  readonly stateDir: Found | null;
  readonly config: Found | null;
  readonly profile: Found | null;
  readonly port: Found | null;
  /** The profile that the name of the source stands for. */
  readonly byName: string | null;
}

function claimOf(word: Word): Claim {
  const { seen, home, kind, source, service, process } = word;
  const { product } = word.named;
  const configPath = fromHome(word.config?.value, home);
  const told = fromHome(word.stateDir?.value, home);
  const named = word.profile?.value ?? word.byName;
  const stateDir = told ?? usualDir(home, named, seen, product);
  const absolute = { 'state dir': told, config: configPath, profile: named, port: word.port?.value ?? null };
  const founds = { 'state dir': word.stateDir, config: word.config, profile: word.profile, port: word.port };
  const said = WHATS.flatMap((what) => {
    const [value, found] = [absolute[what], founds[what]];
    return value === null || found === null ? [] : [{ what, value, source: found.source }];
  });
  const profile = named ?? profileOfStateDir(product, told ?? '');
  return {
    ...{ kind, source, service, process, said, stateDir, configPath, profile },
    configs: configPath !== null ? [configPath] : configsOf(stateDir, word),
  };
}

const WHATS = ['state dir', 'config', 'profile', 'port'] as const;

/**
 * A state dir that is set by variable, and holds no config, does not keep the product from the one in the usual place. With
 * `--profile` it looks nowhere else.
 */
function configsOf(stateDir: string, { profile, seen, home, named: { product } }: Word): readonly string[] {
  const own = configCandidates(product, stateDir);
  if ((profile?.value ?? DEFAULT_PROFILE) !== DEFAULT_PROFILE) return own;
  const { stateDirName, legacyStateDirNames } = productNames(product);
  const usual = [stateDirName, ...legacyStateDirNames].map((name) => path.posix.join(home, name));
  const others = usual.filter((dir) => dir !== stateDir && seen.dirs.includes(dir));
  return [...own, ...others.flatMap((dir) => configCandidates(product, dir))];
}

function processClaim({ facts, env, profileFlag }: SeenProcess, seen: MachineSeen, named: Named): Claim {
  const lock = lockOf(facts.pid, seen);
  const source = `running process ${String(facts.pid)}`;
  const word = (value: string | null | undefined, how = ''): Found | null =>
    value == null ? null : { value, source: `${source}${how}` };
  const locked = lock?.configPath ?? null;
  const byLock = locked === null ? null : path.posix.dirname(locked);
  const stateDir = word(env.get('STATE_DIR')) ?? (env.has('CONFIG_PATH') ? null : word(byLock, ' (lock file)'));
  const profile = word(env.get('PROFILE')) ?? word(profileFlag);
  return claimOf({
    ...{ seen, named, source, stateDir, profile, kind: 'process', service: null },
    home: env.get('HOME') ?? env.get('userHome') ?? seen.machine.home,
    process: { ...facts, foundBy: lock?.facts.foundBy ?? facts.foundBy },
    port: word(env.get('GATEWAY_PORT')),
    byName: profileOfStateDir(named.product, env.get('STATE_DIR') ?? byLock ?? ''),
    config: word(env.get('CONFIG_PATH')) ?? word(locked, ' (lock file)'),
  });
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

function lockClaim({ facts, configPath, env }: SeenLock, { product }: Named): Claim[] {
  if (configPath === null) return [];
  const stateDir = env.get('STATE_DIR') ?? path.posix.dirname(configPath);
  const profile = profileOfStateDir(product, stateDir);
  const source = `running process ${String(facts.pid)}`;
  const said = [{ what: 'config', value: configPath, source: `${source} (lock file)` }] as const;
  return [
    {
      kind: 'process',
      source,
      said,
      profile,
      stateDir,
      configPath,
      configs: [configPath],
      service: null,
      process: facts,
    },
  ];
}

function flagClaim(stateDir: string, named: Named): Claim {
  const { product } = named;
  const configPath = named.configPath ?? null;
  const profile = profileOfStateDir(product, stateDir);
  const said = [
    { what: 'state dir', value: stateDir, source: 'flag' } as const,
    ...(configPath === null ? [] : [{ what: 'config', value: configPath, source: 'flag' } as const]),
  ];
  const configs = configPath === null ? configCandidates(product, stateDir) : [configPath];
  return { kind: 'flag', source: 'flag', said, profile, stateDir, configPath, configs, service: null, process: null };
}

/** Directories with the product's names. Those of its earlier names count only where the present name is not used. */
function defaultClaims(seen: MachineSeen, { product, profiles = [] }: Named): Claim[] {
  const usual = usualDir(seen.machine.home, DEFAULT_PROFILE, seen, product);
  const named = profiles.map((profile) => usualDir(seen.machine.home, profile, seen, product));
  const dirs = seen.dirs.filter((dir) => dir === usual || isOfOtherProfile(dir, product));
  return [...new Set([...dirs, ...named])].map((stateDir): Claim => {
    const profile = profileOfStateDir(product, stateDir);
    const isLegacy = productNames(product).legacyStateDirNames.includes(path.posix.basename(stateDir));
    const source = isLegacy ? 'default (folder of an earlier name)' : 'default';
    const configs = configCandidates(product, stateDir);
    return {
      kind: 'default',
      source,
      said: [],
      profile,
      stateDir,
      configPath: null,
      configs,
      service: null,
      process: null,
    };
  });
}

function isOfOtherProfile(dir: string, product: AnyProduct): boolean {
  const profile = profileOfStateDir(product, dir);
  return profile !== null && profile !== DEFAULT_PROFILE;
}

function usualDir(home: string, profile: string | null, seen: MachineSeen, product: AnyProduct): string {
  const usual = stateDirOf(product, home, profile ?? DEFAULT_PROFILE);
  if ((profile ?? DEFAULT_PROFILE) !== DEFAULT_PROFILE || seen.dirs.includes(usual)) return usual;
  const legacy = productNames(product).legacyStateDirNames.map((name) => path.posix.join(home, name));
  return legacy.find((dir) => seen.dirs.includes(dir)) ?? usual;
}

function lockOf(pid: number, seen: MachineSeen): SeenLock | undefined {
  return seen.locks.find((lock) => lock.facts.pid === pid);
}

/** Is it named as the product names its units? Pure. */
export function isUnitOf(unit: string, product: AnyProduct): boolean {
  return profileOfUnit(unit, product) !== null;
}

function isGateway(service: ServiceFacts, product: AnyProduct): boolean {
  return isUnitOf(service.unit, product) || service.execStart.includes('gateway');
}

/** `smart-agent-neo-gateway-p.service` → `p`; null for names that follow no pattern. */
function profileOfUnit(unit: string, product: AnyProduct): string | null {
  const name = unit.replace(/\.service$/, '');
  const { unitBase, legacyUnitBases } = productNames(product);
  const base = [unitBase, ...legacyUnitBases].find((one) => name === one || name.startsWith(`${one}-`));
  return base === undefined ? null : name.slice(base.length + 1) || DEFAULT_PROFILE;
}

function flagOf(argv: readonly string[], flag: '--profile' | '--port'): string | null {
  const at = argv.indexOf(flag);
  const joined = argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const named = (at < 0 ? joined : argv[at + 1]) ?? null;
  return named === null && flag === '--profile' && argv.includes('--dev') ? 'dev' : named;
}

function fromHome(text: string | undefined, home: string): string | null {
  if (text === undefined || text === '') return null;
  return text === '~' || text.startsWith('~/') ? path.posix.join(home, text.slice(1)) : text;
}
