import path from 'node:path';
import type { KeeperFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { DEFAULT_PROFILE, envName, stateDirOf } from '../gateway/product.ts';
import { containersSeen } from './keepers-containers.ts';
import { parsePlist } from './plist.ts';
import { countOf, groupsOf, valueOf, valuesOf, type Answer } from './survey-answer.ts';
import { parseUnit } from './unit-file.ts';

/** Whose gateways are looked for. */
export interface Owner {
  readonly product: AnyProduct;
  readonly home: string;
  readonly user: string;
  readonly uid: number;
}

/** A process of the product, and what stands above it. */
export interface Kept {
  readonly pid: number;
  readonly cgroup: string;
  readonly parents: readonly { readonly pid: number; readonly line: string }[];
  readonly app: ReadonlyMap<string, string>;
}

/** Programs that keep others running and that neo-pull does not know how to speak to. */
const UNKNOWN = /(?:^|[/ ])(supervisord|runsv|s6-supervise|supervise|monit|circusd|nodemon|forever|runit)(?=[ :/]|$)/;

/** Reads the answer to `KEEPERS_SCRIPT`. Pure. */
export function keepersSeen(answer: Answer, owner: Owner): KeeperFacts[] {
  const kept = groupsOf(answer, 'process').flatMap(keptSeen);
  const containers = containersSeen(answer, kept, owner);
  return [
    ...groupsOf(answer, 'unit').flatMap((group) => unitSeen(group, kept, owner)),
    ...groupsOf(answer, 'plist').flatMap((group) => plistSeen(group, kept, owner)),
    ...appsSeen(answer, kept, owner),
    ...containers,
    ...strangersSeen(answer, kept, containers),
    ...(valueOf(answer, 'cron') ?? '').split('\n').flatMap(cronSeen),
  ];
}

function keptSeen(group: Answer): Kept[] {
  const pid = countOf(group, 'process');
  const lines = (valueOf(group, 'process.parents') ?? '').split('\n').filter((line) => line !== '');
  const parents = lines.map((line) => ({ pid: Number(line.split(' ', 1)[0]), line: line.replace(/^\d+ /, '').trim() }));
  const pairs = (valueOf(group, 'process.app') ?? '').split('\n').filter((line) => line.includes('='));
  const app = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  return pid === null ? [] : [{ pid, cgroup: valueOf(group, 'process.cgroup') ?? '', parents, app }];
}

function unitSeen(group: Answer, kept: readonly Kept[], owner: Owner): KeeperFacts[] {
  const unit = valueOf(group, 'unit') ?? '';
  const texts = [...valuesOf(group, 'unit.text'), ...valuesOf(group, 'unit.drop-in')];
  const { execStart, environment } = parseUnit(texts, { unit, ...owner });
  const runsAs = /^\s*User\s*=\s*(\S+)\s*$/m.exec(texts.join('\n'))?.[1] ?? 'root';
  const isOurs = runsAs === owner.user || runsAs === String(owner.uid) || (runsAs === 'root' && owner.uid === 0);
  const mainPid = countOf(group, 'unit.pid');
  const pids = heldBy(mainPid, kept);
  const serves = /gateway/.test(unit) || execStart.some((word) => word === 'gateway' || word.includes('-gateway'));
  if (kept.every(({ pid }) => !pids.includes(pid)) && (!isOurs || !serves)) return [];
  const root = valueOf(group, 'unit.root');
  return [
    {
      supervisor: { kind: 'systemd-system', unit, sudo: root === 'sudo' },
      what: `the system unit ${unit}`,
      active: ['active', 'activating', 'reloading', 'deactivating'].includes(
        (valueOf(group, 'unit.active') ?? '').trim(),
      ),
      enabled: (valueOf(group, 'unit.enabled') ?? '').startsWith('enabled'),
      mayChange: root !== null,
      pids,
      places: placesOf(environment, execStart, owner),
    },
  ];
}

/** The main process itself, and what it has started. Where no parents can be seen (there is no /proc), the main process alone. */
function heldBy(mainPid: number | null, kept: readonly Kept[]): number[] {
  if (mainPid === null || mainPid === 0) return [];
  const below = kept.filter(({ pid, parents }) => pid === mainPid || parents.some((one) => one.pid === mainPid));
  return below.length > 0 ? below.map(({ pid }) => pid) : [mainPid];
}

function plistSeen(group: Answer, kept: readonly Kept[], owner: Owner): KeeperFacts[] {
  const plist = valueOf(group, 'plist') ?? '';
  const domain = valueOf(group, 'plist.domain') ?? '';
  const read = parsePlist(valueOf(group, 'plist.text') ?? '');
  if (!read || !read.argv.includes('gateway')) return [];
  const { label, argv, environment } = read;
  const shown = valueOf(group, 'plist.shown') ?? '';
  const mainPid = Number(/^\t?pid = (\d+)$/m.exec(shown)?.[1] ?? '') || null;
  const root = valueOf(group, 'plist.root');
  const isOff = (valueOf(group, 'plist.disabled') ?? '')
    .split('\n')
    .some((line) => line.includes(`"${label}" =>`) && /=> (disabled|true)/.test(line));
  return [
    {
      supervisor: { kind: 'launchd', label, domain, plist, sudo: domain === 'system' && root === 'sudo' },
      what: `${domain === 'system' ? 'the LaunchDaemon' : 'the LaunchAgent'} ${label}`,
      active: shown !== '',
      enabled: !isOff,
      mayChange: domain !== 'system' || root !== null,
      pids: heldBy(mainPid, kept),
      places: placesOf(environment, argv, owner),
    },
  ];
}

/** Where the state lies, as the service's own environment says. */
function placesOf(environment: Readonly<Record<string, string>>, argv: readonly string[], owner: Owner): string[] {
  const { product } = owner;
  const told = environment[envName(product, 'STATE_DIR')];
  if (told?.startsWith('/')) return [told];
  const home = environment[envName(product, 'HOME')] ?? environment['HOME'] ?? owner.home;
  const profile = environment[envName(product, 'PROFILE')] ?? argv[argv.indexOf('--profile') + 1];
  return [stateDirOf(product, home, (argv.includes('--profile') && profile) || DEFAULT_PROFILE)];
}

function appsSeen(answer: Answer, kept: readonly Kept[], owner: Owner): KeeperFacts[] {
  const bin = valueOf(answer, 'pm.bin') ?? '';
  const held = kept.flatMap(({ pid, parents, app }) => {
    const god = /^PM2 .*God Daemon \((.*)\)/.exec(parents.find(({ line }) => line.startsWith('PM2 '))?.line ?? '');
    const name = app.get('name');
    if (!god) return [];
    const home = app.get('PM2_HOME') ?? god[1] ?? '';
    // An app whose environment is gone, because it is just ending, says nothing of where its state lies.
    const places = app.has('HOME') ? placesOf(Object.fromEntries(app), [], owner) : [];
    return [{ pid, name: name ?? '', home, places }];
  });
  const names = [...new Set(held.map(({ name }) => name))];
  const saved = (valueOf(answer, 'pm.saved') ?? '').split('\n').filter((name) => name !== '' && !names.includes(name));
  return [
    ...names.map((name): KeeperFacts => {
      const its = held.filter((one) => one.name === name);
      const home = its[0]?.home ?? '';
      const isKnown = name !== '' && bin.startsWith('/') && home.startsWith('/');
      return {
        supervisor: isKnown ? { kind: 'pm2', name, bin, home } : null,
        what: `pm2 (${name || 'an app without a name'})`,
        ...{ active: true, enabled: true, mayChange: isKnown },
        pids: its.map(({ pid }) => pid),
        places: [...new Set(its.flatMap(({ places }) => places))],
      };
    }),
    ...saved.map((name): KeeperFacts => {
      const what = `pm2, which has ${name} in its saved list`;
      return { supervisor: null, what, active: false, enabled: true, mayChange: null, pids: [], places: [] };
    }),
  ];
}

/** What holds a process and is none of the kinds that can be handled. */
function strangersSeen(answer: Answer, kept: readonly Kept[], containers: readonly KeeperFacts[]): KeeperFacts[] {
  const own = valueOf(answer, 'self.cgroup') ?? '';
  const engines = new Set(containers.flatMap(({ pids }) => pids));
  return kept.flatMap(({ pid, cgroup, parents }) => {
    const id = /(?:docker|libpod|crio|containerd|kubepods)[^\n]*?([0-9a-f]{64})/.exec(cgroup)?.[1];
    const isInside = id !== undefined && !own.includes(id) && !engines.has(pid);
    const program = parents.map(({ line }) => UNKNOWN.exec(line)?.[1]).find((name) => name !== undefined);
    const what = isInside ? `a container (${id.slice(0, 12)}) whose engine does not answer this account` : program;
    if (what === undefined) return [];
    return [{ supervisor: null, what, active: true, enabled: true, mayChange: null, pids: [pid], places: [] }];
  });
}

function cronSeen(line: string): KeeperFacts[] {
  if (line.trim() === '') return [];
  const what = `a line of its crontab (${path.posix.basename(line.trim().split(/\s+/)[0] ?? '')} ...)`;
  return [{ supervisor: null, what, active: false, enabled: true, mayChange: null, pids: [], places: [] }];
}
