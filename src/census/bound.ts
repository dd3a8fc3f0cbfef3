import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path/posix';
import { libcIn, type Build } from '../core/native.ts';
import type { BoundFacts } from './bound-answer.ts';
import { browsersIn, certificatesIn, containersIn, databasesIn, devicesIn, jobsIn, nodeHostIn } from './bound-state.ts';
import { nativesIn, readOf } from './natives.ts';
import type { BoundRequest, CensusPlace, CensusRequest } from './request.ts';

/** Directories of the state dir that hold programs. */
const WITH_PROGRAMS = ['extensions', 'skills', 'plugins', 'tools', 'hooks', 'mpm'];
/** The person waits for it. */
const MOST_MS = 60_000;
/** Which program loads it stands near the beginning of a program. */
const LOADER_BYTES = 64 * 1024;

/** What the program knows of the process that it is. */
export interface Self {
  readonly node: string;
  readonly abi: string;
  readonly now: () => number;
}

/** What of a gateway is bound to the machine that it runs on. Read-only; no product is asked. */
export function boundOf(request: CensusRequest & { bound: BoundRequest }, self: Self): BoundFacts {
  const { state, bound } = request;
  const machine = machineOf(bound, self);
  if (bound.to === null) return { ...NOTHING, machine };
  return {
    machine,
    ...natives(request, { from: { ...bound.from, ...machine }, to: bound.to }, self),
    devices: devicesIn(state),
    browsers: browsersIn(state),
    containers: containersIn(state),
    nodeHost: nodeHostIn(state),
    jobs: jobsIn(state),
    certificates: certificatesIn(state, bound.certificates),
    databases: databasesIn(state),
  };
}

const NOTHING: Omit<BoundFacts, 'machine'> = {
  natives: [],
  isWhole: true,
  devices: [],
  browsers: [],
  containers: [],
  nodeHost: null,
  jobs: [],
  certificates: [],
  databases: [],
};

function machineOf({ from, isOwnNode }: BoundRequest, { node, abi }: Self): BoundFacts['machine'] {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return {
    hostname: hostname(),
    addresses: addresses.filter(({ internal }) => !internal).map(({ address }) => address),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    libc: from.platform === 'linux' ? libcIn(readOf(node, LOADER_BYTES)) : null,
    abi: isOwnNode ? abi : null,
  };
}

/** Where both machines are of one kind nothing has to be looked for. */
function natives(request: CensusRequest, { from, to }: { from: Build; to: Build }, { now }: Self) {
  const isSame = (['platform', 'arch', 'libc', 'abi'] as const).every((one) => from[one] === to[one]);
  if (isSame) return { natives: [], isWhole: true };
  const until = now() + MOST_MS;
  return nativesIn(placesOf(request), { from, to, hasTime: () => now() < until });
}

function placesOf({ state, apart, workspaces }: CensusRequest): CensusPlace[] {
  return [...WITH_PROGRAMS.map((name) => ({ id: `state/${name}`, path: join(state, name) })), ...apart, ...workspaces];
}
