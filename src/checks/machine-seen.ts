import { createHash } from 'node:crypto';
import type { MachineFacts, ProcessFacts, RsyncFacts, ServiceFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { envNames, type EnvSuffix } from '../gateway/product.ts';
import { countOf, groupsOf, listOf, valueOf, valuesOf, type Answer } from './survey-answer.ts';
import { parseUnit, SECRET_NAME, type UnitNames } from './unit-file.ts';

/** A process that may be a gateway: only what tells where its state lies is known of its environment. */
export interface SeenProcess {
  readonly facts: ProcessFacts;
  /** Does its title or its command line say that it serves? */
  readonly serves: boolean;
  readonly profileFlag: string | null;
  readonly env: ReadonlyMap<EnvSuffix | 'userHome', string>;
}

/** A lock file whose process lives. */
export interface SeenLock {
  readonly path: string;
  readonly facts: ProcessFacts;
  readonly configPath: string | null;
  /** As of a `SeenProcess`; empty where it cannot be read. */
  readonly env: SeenProcess['env'];
}

/** What a first look at a machine gives; the second look depends on it. */
export interface MachineSeen {
  readonly machine: Omit<MachineFacts, 'clockSkewMs' | 'product' | 'gateways'>;
  readonly services: readonly (ServiceFacts & { readonly process: ProcessFacts | null })[];
  readonly locks: readonly SeenLock[];
  readonly processes: readonly SeenProcess[];
  /** Directories with the names of state dirs. */
  readonly dirs: readonly string[];
}

/** Reads the answer to `MACHINE_SCRIPT`. Pure. What is not there is empty, for a machine need not have it. */
export function machineSeen(answer: Answer, product: AnyProduct): MachineSeen {
  const one = (key: string): string => (valueOf(answer, key) ?? '').trim();
  const names = { home: valueOf(answer, 'home') ?? '', user: one('user'), uid: countOf(answer, 'uid') ?? -1 };
  return {
    machine: {
      ...identitySeen(answer),
      ...names,
      realHome: valueOf(answer, 'home.real') || names.home,
      shell: one('shell'),
      rsync: rsyncSeen(answer),
      exports: groupsOf(answer, 'exports').flatMap((group) =>
        listOf(group, 'exports.names').map((name) => ({ name, file: valueOf(group, 'exports') ?? '' })),
      ),
      userServices: one('services') === 'yes',
      selinux: one('selinux') === 'Enforcing',
      linger: one('linger') === '' ? null : one('linger') === 'yes',
    },
    services: groupsOf(answer, 'unit').map((group) => serviceSeen(group, names)),
    locks: groupsOf(answer, 'lock').flatMap((group) => lockSeen(group, product)),
    processes: groupsOf(answer, 'process').flatMap((group) => processSeen(group, product)),
    dirs: valuesOf(answer, 'dir'),
  };
}

/** What names the machine, as part of the answer to `MACHINE_SCRIPT`. Pure. */
export function identitySeen(
  answer: Answer,
): Pick<MachineFacts, 'platform' | 'arch' | 'hostname' | 'machineId' | 'bootId'> {
  const one = (key: string): string => (valueOf(answer, key) ?? '').trim();
  const platform = one('uname.s').toLowerCase();
  const arch = ARCHES[one('uname.m')] ?? one('uname.m');
  const hostname = one('hostname');
  const derived = createHash('sha256').update([hostname, platform, arch].join('\0')).digest('hex').slice(0, 32);
  return {
    platform,
    arch,
    hostname,
    machineId: one('machine-id') || `derived-${derived}`,
    bootId: one('boot-id') || 'unknown',
  };
}

/**
 * Field 22 of `/proc/<pid>/stat`; the name before it may hold spaces and parentheses. After `ps ` comes what `ps` says where
 * there is no `/proc`. Null when neither can be read. Pure.
 */
export function startTimeOf(stat: string): string | null {
  if (stat.startsWith('ps ')) return stat.slice(3).trim() || null;
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  return fields[19] ?? null;
}

const ARCHES: Readonly<Record<string, string>> = {
  x86_64: 'x64',
  amd64: 'x64',
  aarch64: 'arm64',
  i686: 'ia32',
  armv7l: 'arm',
};

function rsyncSeen(answer: Answer): RsyncFacts | null {
  const path = valueOf(answer, 'rsync.path');
  if (path === null) return null;
  const said = valueOf(answer, 'rsync.version') ?? '';
  return {
    path,
    foundBy: 'PATH',
    version: /\bversion v?(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? null,
    flavour: /^openrsync\b/m.test(said) ? 'openrsync' : 'gnu',
    protocol: Number(/\bprotocol version (\d{1,3})\b/.exec(said)?.[1] ?? Number.NaN) || null,
    packageVersion: valueOf(answer, 'rsync.package')?.trim() || null,
    capabilities: capabilitiesOf(said),
  };
}

/**
 * The indented lists of `rsync --version`. `no ACLs` is left out; of `optional secluded-args` or of a list without commas each
 * word counts as well.
 */
function capabilitiesOf(said: string): string[] {
  const lines = said.split('\n').filter((line) => /^\s+\S/.test(line));
  const items = lines.flatMap((line) => line.split(',')).map((item) => item.trim().toLowerCase());
  const there = items.filter((item) => /^[a-z0-9]/.test(item) && !item.startsWith('no '));
  return [...new Set(there.flatMap((item) => [item, ...item.split(/[\s()]+/)]))].filter((item) => item !== '');
}

function serviceSeen(
  group: Answer,
  names: { home: string; user: string; uid: number },
): MachineSeen['services'][number] {
  const unit = valueOf(group, 'unit') ?? '';
  const mainPid = countOf(group, 'unit.pid') || null;
  const process = processOf(mainPid, valueOf(group, 'unit.stat'), `service ${unit}`);
  return {
    manager: 'systemd-user',
    unit,
    unitPath: valueOf(group, 'unit.path') ?? '',
    ...startedBy(group, { unit, ...names }),
    enabled: (valueOf(group, 'unit.enabled') ?? '').startsWith('enabled'),
    active: ['active', 'activating', 'reloading', 'deactivating'].includes(valueOf(group, 'unit.active') ?? ''),
    mainPid,
    process,
  };
}

/** What the unit, its drop-ins and its files of variables say; a file beats what stands in the unit itself. */
function startedBy(
  group: Answer,
  names: UnitNames,
): Required<Pick<ServiceFacts, 'execStart' | 'environment' | 'setBy'>> {
  const dropIns = valuesOf(group, 'unit.drop-in-name').map((name) => `drop-in ${name}`);
  const texts = [valueOf(group, 'unit.text') ?? '', ...valuesOf(group, 'unit.drop-in')];
  const { setIn, environment, execStart } = parseUnit(texts, names);
  const setBy = new Map(Object.entries(setIn).map(([name, at]) => [name, ['unit', ...dropIns][at] ?? 'unit']));
  const values = new Map(Object.entries(environment));
  for (const file of groupsOf(group, 'unit.env-file')) {
    for (const line of listOf(file, 'unit.env-file.lines')) {
      const [, name = '', value] = /^(\w+)(?:=([^]*))?$/.exec(line) ?? [];
      setBy.set(name, `file ${valueOf(file, 'unit.env-file') ?? ''}`);
      if (value !== undefined && !SECRET_NAME.test(name)) values.set(name, value);
    }
  }
  return { execStart, environment: Object.fromEntries(values), setBy: Object.fromEntries(setBy) };
}

/** A lock of a process that is gone, or whose number was given to another, says nothing. */
function lockSeen(group: Answer, product: AnyProduct): SeenLock[] {
  const path = valueOf(group, 'lock') ?? '';
  const lock = objectIn(valueOf(group, 'lock.text') ?? '');
  const pid = typeof lock['pid'] === 'number' && Number.isSafeInteger(lock['pid']) ? lock['pid'] : null;
  const facts = processOf(pid, valueOf(group, 'lock.stat'), `lock file ${path}`);
  if (facts === null || valueOf(group, 'lock.there') === '') return [];
  if (typeof lock['startTime'] === 'number' && String(lock['startTime']) !== facts.startTime) return [];
  const configPath = typeof lock['configPath'] === 'string' ? lock['configPath'] : null;
  const env = environmentOf(listOf(group, 'lock.env'), product);
  return [{ path, facts: { ...facts, ...variablesIn(group, 'lock.variables') }, configPath, env }];
}

function processSeen(group: Answer, product: AnyProduct): SeenProcess[] {
  const pid = countOf(group, 'process');
  const title = (valueOf(group, 'process.title') ?? '').split('\n')[0]?.trim() ?? '';
  const facts = processOf(pid, valueOf(group, 'process.stat'), `process title ${title.split('/').at(-1) ?? ''}`);
  if (facts === null || valueOf(group, 'process.there') === '') return [];
  const env = environmentOf(listOf(group, 'process.env'), product);
  const own = Number(env.get('GATEWAY_PORT') ?? '');
  const ports = portsOf(valueOf(group, 'process.ports') ?? '');
  const systemUnit = valueOf(group, 'process.system-unit')?.trim() || null;
  return [
    {
      facts: {
        ...facts,
        ...variablesIn(group, 'process.variables'),
        exe: valueOf(group, 'process.exe')?.trim() || null,
        ports: ports.length > 0 || !isPort(own) ? ports : [own],
        ...(systemUnit !== null && { systemUnit }),
      },
      serves: (valueOf(group, 'process.serves') ?? '').trim() === 'yes',
      profileFlag: valueOf(group, 'process.profile')?.trim() || null,
      env,
    },
  ];
}

/** Every process has some; none were seen where it may not be looked into. */
function variablesIn(group: Answer, key: string): Pick<ProcessFacts, 'variables'> {
  const variables = listOf(group, key);
  return variables.length > 0 ? { variables } : {};
}

function processOf(pid: number | null, stat: string | null, foundBy: string): ProcessFacts | null {
  const startTime = stat === null ? null : startTimeOf(stat);
  return pid === null || startTime === null ? null : { pid, startTime, foundBy };
}

const READ: readonly EnvSuffix[] = ['HOME', 'STATE_DIR', 'CONFIG_PATH', 'PROFILE', 'GATEWAY_PORT'];

function environmentOf(lines: readonly string[], product: AnyProduct): SeenProcess['env'] {
  const env = new Map<EnvSuffix | 'userHome', string>();
  for (const line of lines) {
    const [name, value] = [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)];
    const suffix = READ.find((one) => envNames(product, one).includes(name));
    const isPresent = suffix !== undefined && envNames(product, suffix)[0] === name;
    if (suffix !== undefined && value !== '' && (isPresent || !env.has(suffix))) env.set(suffix, value);
    else if (name === 'HOME') env.set('userHome', value);
  }
  return env;
}

/** Hexadecimal as in `/proc/net/tcp`, lowest first. */
function portsOf(text: string): number[] {
  const ports = text.split('\n').map((line) => Number.parseInt(line, 16));
  return [...new Set(ports.filter(isPort))].sort((a, b) => a - b);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536;
}

/** The members of a JSON object; none when it is not one. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
