import { posix } from 'node:path';
import { takeBound, type BoundOptions } from '../census/take-bound.ts';
import { byHandList, type ByHandList } from '../core/by-hand.ts';
import type { GatewayFacts } from '../core/inventory.ts';
import type { Build } from '../core/native.ts';
import type { Plan, Side } from '../core/plan.ts';
import type { World } from '../core/step.ts';
import { aloneByHand } from './by-hand-alone.ts';
import { configByHand } from './by-hand-config.ts';
import { hostsByHand } from './by-hand-hosts.ts';
import type { Bound } from './by-hand-names.ts';
import { nativesByHand } from './by-hand-native.ts';
import { stateByHand } from './by-hand-state.ts';
import { placesOf } from './census.ts';
import { member } from './gateway-config.ts';

/** What the list follows from: a draft of the plan, the old gateway, and its config as `wholeConfig` gave it. */
export interface ByHandFacts {
  readonly plan: Plan;
  readonly gateway: Pick<GatewayFacts, 'service' | 'stateDir'>;
  readonly config: unknown;
}

/** What the look for it found. */
export interface FoundByHand {
  readonly list: ByHandList;
  /** Databases where the old product keeps its own, relative to the state dir. */
  readonly databases: readonly string[];
}

/**
 * What a person has to do after the move because it is bound to the old machine: found on both machines, from files and config. Read-only.
 * Null where no Node was found on either, which pre-flight refuses. Throws as `takeBound`.
 */
export async function findByHand(
  machines: Pick<World, 'old' | 'new'>,
  { plan, gateway, config }: ByHandFacts,
  waiting: Pick<World, 'clock' | 'signal'>,
): Promise<FoundByHand | null> {
  if (plan.old.gateway.node === '' || plan.new.gateway.node === '') return null;
  const { machine: here } = await takeBound(machines.new, { ...NO_PLACES, ...asked(plan.new, null, []), ...waiting });
  const build: Build = { platform: plan.new.platform, arch: plan.new.arch, libc: here.libc, abi: here.abi };
  const certificates = certificateIn(config, { gateway, home: plan.old.home });
  const request = { ...placesOf(plan, 'old'), ...asked(plan.old, build, certificates) };
  const old = await takeBound(machines.old, { ...request, ...waiting });
  const timeZone = gateway.service?.environment['TZ'] ?? old.machine.timeZone;
  return { list: byHandList(allByHand({ plan, config, old, here, timeZone })), databases: old.databases };
}

function allByHand(bound: Bound) {
  return [
    ...nativesByHand(bound),
    ...aloneByHand(bound),
    ...configByHand(bound),
    ...hostsByHand(bound),
    ...stateByHand(bound),
  ];
}

const NO_PLACES = { state: '', apart: [], workspaces: [] };

function asked(side: Side, to: Build | null, certificates: readonly string[]): Pick<BoundOptions, 'bound' | 'node'> {
  const from = { platform: side.platform, arch: side.arch };
  return { node: side.gateway.node, bound: { from, to, isOwnNode: true, certificates } };
}

function certificateIn(config: unknown, { gateway, home }: { gateway: Pick<GatewayFacts, 'stateDir'>; home: string }) {
  const named = member(config, 'gateway', 'tls', 'certPath');
  if (typeof named !== 'string' || named === '') return [];
  if (named.startsWith('~/')) return [posix.join(home, named.slice(2))];
  return [posix.resolve(gateway.stateDir, named)];
}
