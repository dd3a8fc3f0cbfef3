import type { DirFacts, GatewayFacts, Inventory, MachineFacts } from '../../src/core/inventory.ts';
import type { Gateway, Plan, Root, Side } from '../../src/core/plan.ts';
import { problemOf } from '../../src/core/problem.ts';

/** The code of the Problem that something throws; null when it does not. */
export function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (thrown) {
    return problemOf(thrown).code;
  }
}

const GIB = 1024 ** 3;

/** Facts in which nothing is wrong; each test says what is. */
export function machineFacts(changes: Partial<MachineFacts> = {}): MachineFacts {
  return {
    platform: 'linux',
    arch: 'x64',
    hostname: 'oldbox',
    user: 'al',
    uid: 1000,
    home: '/home/al',
    realHome: '/home/al',
    shell: '/bin/bash',
    machineId: 'a'.repeat(32),
    bootId: 'boot-1',
    clockSkewMs: 0,
    rsync: { path: '/usr/bin/rsync', foundBy: 'PATH', version: '3.5.0', packageVersion: null, capabilities: [] },
    product: {
      path: '/usr/bin/smart-agent-neo',
      foundBy: 'PATH',
      argv: ['/usr/bin/smart-agent-neo'],
      binDir: '/usr/bin',
      version: '2026.2.26',
      node: '/usr/bin/node',
    },
    userServices: true,
    linger: true,
    gateways: [],
    ...changes,
  };
}

export function newMachineFacts(changes: Partial<MachineFacts> = {}): MachineFacts {
  const place = { hostname: 'newbox', user: 'bo', home: '/home/bo', realHome: '/home/bo' };
  return machineFacts({ ...place, machineId: 'b'.repeat(32), bootId: 'boot-2', ...changes });
}

export function gatewayFacts(changes: Partial<GatewayFacts> = {}): GatewayFacts {
  return {
    profile: 'default',
    stateDir: '/home/al/.smart-agent-neo',
    realStateDir: '/home/al/.smart-agent-neo',
    configPath: '/home/al/.smart-agent-neo/smart-agent-neo.json',
    configText: '{}',
    sources: ['default'],
    sayings: [],
    service: null,
    process: { pid: 7, startTime: '1', foundBy: 'lock file' },
    entries: 10,
    bytes: 1000,
    unreadable: [],
    queued: 0,
    ...changes,
  };
}

export const SERVICE = {
  manager: 'systemd-user',
  unit: 'smart-agent-neo-gateway.service',
  unitPath: '/home/al/.config/systemd/user/smart-agent-neo-gateway.service',
  execStart: ['/usr/bin/node', '/usr/lib/index.js', 'gateway'],
  environment: {},
  enabled: true,
  active: true,
  mainPid: 7,
} as const;

export function dirFacts(path: string, changes: Partial<DirFacts> = {}): DirFacts {
  return {
    path,
    realPath: changes.realPath ?? path,
    exists: true,
    entries: 10,
    bytes: 1000,
    unreadable: [],
    ownerUid: 1000,
    isMount: false,
    parent: {
      path: path.replace(/\/[^/]*$/, '') || '/',
      writable: true,
      device: '1',
      freeBytes: GIB,
      freeInodes: 10_000,
    },
    ...changes,
  };
}

export function absent(path: string, changes: Partial<DirFacts> = {}): DirFacts {
  return dirFacts(path, { exists: false, entries: 0, bytes: 0, ownerUid: null, ...changes });
}

export function inventory(changes: Partial<Inventory> = {}): Inventory {
  return {
    old: machineFacts(),
    new: newMachineFacts(),
    gateway: gatewayFacts(),
    dirs: [{ old: dirFacts('/home/al/.smart-agent-neo'), new: absent('/home/bo/.smart-agent-neo') }],
    fates: [],
    includes: [],
    newPort: { port: 18789, takenBy: null },
    channels: null,
    counts: null,
    ...changes,
  };
}

/** As much of a Plan as the checks before a move read, made from the facts as they stand. */
export function planFor({ old, new: here, dirs }: Inventory, changes: Partial<Plan> = {}): Plan {
  const roots = dirs.map((dir, at): Root => ({
    id: at === 0 ? 'state' : `workspace-${String(at)}`,
    room: at === 0 ? 'state' : 'workspace',
    oldPath: dir.old.realPath,
    livePath: dir.new.realPath,
    stagingPath: `${dir.new.realPath}.staging`,
    parkedPath: `${dir.new.realPath}.parked`,
    workspaces: [],
    entries: dir.old.entries,
    bytes: dir.old.bytes,
    liveExists: dir.new.exists,
    files: null,
    filesInPlace: [],
  }));
  return {
    schema: 1,
    key: 'k',
    run: 'r',
    target: 'al@oldbox',
    oldFolder: '/home/al/.neo-pull-old',
    connect: {
      user: 'al',
      host: 'oldbox',
      port: 22,
      identities: [],
      configFile: null,
      jump: null,
      options: [],
      family: null,
      transport: 'auto',
      knownHosts: null,
      hostKeyPin: null,
      passwordFile: null,
      passphraseFile: null,
    },
    asked: {
      product: 'smart-agent-neo',
      profiles: null,
      stateDir: null,
      toStateDir: null,
      workspaces: [],
      gatewayBin: null,
      remoteGatewayBin: null,
      excludes: [],
      replace: false,
      rewriteApprovals: false,
    },
    old: side(old),
    new: side(here),
    ranAs: 'foreground',
    roots,
    fates: [],
    mapping: [],
    excludeVersion: 1,
    excludes: [],
    configFiles: [],
    configRewrites: { count: 0, listed: [] },
    channels: null,
    counts: null,
    limits: {
      stopMs: 1,
      startMs: 1,
      doctorMs: 1,
      soakMs: 1,
      channelsMs: 1,
      stallMs: 1,
      reconnectMs: 1,
      bwlimitKiBps: null,
      maxDelete: 1,
    },
    warnings: [],
    ...changes,
  };
}

function side(facts: MachineFacts): Side {
  const { machineId, hostname, user, uid, home, platform, arch } = facts;
  const stateDir = `${home}/.smart-agent-neo`;
  const gateway: Gateway = {
    product: 'smart-agent-neo',
    profile: 'default',
    argv: ['/usr/bin/smart-agent-neo'],
    binDir: '/usr/bin',
    node: '/usr/bin/node',
    home,
    uid,
    stateDir,
    configPath: `${stateDir}/smart-agent-neo.json`,
    port: 18789,
    unit: null,
  };
  const rsync = { path: '/usr/bin/rsync', version: '3.5.0', capabilities: [] };
  return { machineId, hostname, user, uid, home, platform, arch, rsync, productVersion: '2026.2.26', gateway };
}
