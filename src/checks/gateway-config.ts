import path from 'node:path';
import type { Kind } from '../core/census.ts';
import type { GatewayFacts } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { fail } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { DEFAULT_PROFILE, productNames } from '../gateway/product.ts';

/** A directory that a config names as part of the gateway. */
export interface ConfiguredDir {
  readonly kind: 'workspace' | 'agent-dir' | 'sessions';
  readonly agent: string;
  /** Absolute, on the machine whose home was given. It need not exist. */
  readonly path: string;
  /** Where the config says so, or `default`. */
  readonly from: string;
}

/**
 * The workspaces, agent dirs and session stores of a gateway, as the product resolves them: what the config says, else what it
 * uses without. `~` and `${HOME}` are `home`. A directory that several agents share is named once. Pure. Throws `root-refused`
 * for a path that is not absolute then, for nobody but the running gateway knows what it means.
 */
export function configuredDirs(
  config: unknown,
  gateway: Pick<GatewayFacts, 'stateDir' | 'profile'>,
  { product, home }: { product: AnyProduct; home: string },
): ConfiguredDir[] {
  const agents = agentsOf(config);
  const place = { gateway, product, home };
  const dirs = agents.flatMap((agent) => [
    workspaceOf(agent, config, place),
    ...agentDirOf(agent, place),
    ...sessionsOf(agent, config, place),
  ]);
  return dirs.filter((dir, at) => dirs.findIndex((one) => one.path === dir.path) === at);
}

/** Files with the sessions of an agent, where the config puts them; see `configuredDirs`, by which they move. */
export function configuredStores(config: unknown, home: string): string[] {
  return [...new Set(agentsOf(config).flatMap((agent) => storeOf(agent, config, home) ?? []))];
}

/**
 * The agents and the accounts of channels that a config names, for the census. Earlier releases list their agents, later ones have them by
 * name; a channel without accounts has one, as a doctor writes it out. Pure.
 */
export function configuredNames(config: unknown): (readonly [kind: Kind, name: string])[] {
  const channels = entriesOf(member(config, 'channels')).filter(([name]) => name !== 'defaults');
  const accounts = channels.flatMap(([name, channel]) => {
    const named = entriesOf(member(channel, 'accounts')).map(([account]) => account);
    return (named.length > 0 ? named : ['default']).map((account) => `${name}: ${account}`);
  });
  const hasAgents = listedAgents(config).length > 0;
  return [
    ...(hasAgents ? agentsOf(config) : []).map(({ id }) => ['configured-agent', id] as const),
    ...accounts.map((account) => ['configured-channel', account] as const),
  ];
}

/** The workspaces alone, of every agent; see `configuredDirs`. */
export function workspacesOf(
  config: unknown,
  gateway: Pick<GatewayFacts, 'stateDir' | 'profile'>,
  machine: { product: AnyProduct; home: string },
): ConfiguredDir[] {
  return configuredDirs(config, gateway, machine).filter((dir) => dir.kind === 'workspace');
}

/** The value at a path of member names in what `readConfig` gave; undefined where there is none. Pure. */
export function member(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((at, name) => {
    const isObject = typeof at === 'object' && at !== null && Object.hasOwn(at, name);
    return isObject ? (at as Record<string, unknown>)[name] : undefined;
  }, value);
}

interface Agent {
  readonly id: string;
  readonly isDefault: boolean;
  readonly workspace: unknown;
  readonly agentDir: unknown;
  readonly at: string;
}

interface Place {
  readonly gateway: Pick<GatewayFacts, 'stateDir' | 'profile'>;
  readonly product: AnyProduct;
  readonly home: string;
}

/** Without any there is one agent, `main`; the default agent is the one marked so, else the first. */
function agentsOf(config: unknown): Agent[] {
  const listed = listedAgents(config);
  const entries = listed.length > 0 ? listed : [{ id: 'main', entry: {}, at: 'agents' }];
  const marked = entries.findIndex(({ entry }) => member(entry, 'default') === true);
  return entries.flatMap(({ id, entry, at }, place) => {
    if (typeof id !== 'string') return [];
    const [workspace, agentDir] = [member(entry, 'workspace'), member(entry, 'agentDir')];
    return [{ id, isDefault: place === Math.max(0, marked), workspace, agentDir, at }];
  });
}

/** `agents.list` of earlier releases, `agents.entries` of later ones. */
function listedAgents(config: unknown): { id: unknown; entry: unknown; at: string }[] {
  const list = member(config, 'agents', 'list');
  const listed = Array.isArray(list)
    ? list.map((entry: unknown, at) => ({ id: member(entry, 'id'), entry, at: `agents.list[${String(at)}]` }))
    : [];
  const named = entriesOf(member(config, 'agents', 'entries')).map(([id, entry]) => {
    return { id, entry, at: `agents.entries.${id}` };
  });
  return [...listed, ...named.filter(({ id }) => !listed.some((one) => one.id === id))];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function workspaceOf(agent: Agent, config: unknown, place: Place): ConfiguredDir {
  const dir = (text: string, from: string): ConfiguredDir => ({
    kind: 'workspace',
    agent: agent.id,
    path: absolute(text, from, place.home),
    from,
  });
  if (isText(agent.workspace)) return dir(agent.workspace, `${agent.at}.workspace`);
  if (!agent.isDefault) return dir(path.posix.join(place.gateway.stateDir, `workspace-${agent.id}`), 'default');
  const shared = member(config, 'agents', 'defaults', 'workspace');
  if (isText(shared)) return dir(shared, 'agents.defaults.workspace');
  // The product puts it into the usual state dir, even when another state dir was set.
  const usual = path.posix.join(place.home, productNames(place.product).stateDirName);
  const { profile } = place.gateway;
  return dir(path.posix.join(usual, profile === DEFAULT_PROFILE ? 'workspace' : `workspace-${profile}`), 'default');
}

function agentDirOf(agent: Agent, { home }: Place): ConfiguredDir[] {
  if (!isText(agent.agentDir)) return [];
  const from = `${agent.at}.agentDir`;
  return [{ kind: 'agent-dir', agent: agent.id, path: absolute(agent.agentDir, from, home), from }];
}

/** `session.store` names a file; its transcripts lie beside it. */
function sessionsOf(agent: Agent, config: unknown, { home }: Place): ConfiguredDir[] {
  const file = storeOf(agent, config, home);
  if (file === null) return [];
  return [{ kind: 'sessions', agent: agent.id, path: path.posix.dirname(file), from: 'session.store' }];
}

function storeOf(agent: Agent, config: unknown, home: string): string | null {
  const store = member(config, 'session', 'store');
  return isText(store) ? absolute(store.replaceAll('{agentId}', agent.id), 'session.store', home) : null;
}

function absolute(text: string, from: string, home: string): string {
  const tilde = text === '~' || text.startsWith('~/') ? path.posix.join(home, text.slice(1)) : text;
  const whole = tilde.replace(/^\$\{HOME\}(?=\/|$)/, home);
  if (whole.startsWith('/') && !/\$\{|\0/.test(whole)) return path.posix.normalize(whole).replace(/(?<=.)\/$/, '');
  throw fail('root-refused', {
    message: `The config says ${from} = ${printable(text)}, and only the running gateway knows which directory that is.`,
    hint: `Write the whole path there (beginning with / or ~/), restart the old gateway, and try again.`,
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
