import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { env, PRODUCT } from './names.ts';

/** The home that `~` means: the product's own variable before HOME. */
export function home(): string {
  return env('HOME') ?? process.env['HOME'] ?? homedir();
}

/** `default`, or the name given by `--profile`. */
export function profile(): string {
  return env('PROFILE') ?? 'default';
}

function profileSuffix(): string {
  return profile() === 'default' ? '' : `-${profile()}`;
}

/** `~/x` and relative paths made absolute. */
export function expand(path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(home(), path.slice(1));
  return isAbsolute(path) ? path : resolve(path);
}

export function stateDir(): string {
  const given = env('STATE_DIR');
  return given ? expand(given) : join(home(), `.${PRODUCT}${profileSuffix()}`);
}

export function configPath(): string {
  const given = env('CONFIG_PATH');
  return given ? expand(given) : join(stateDir(), `${PRODUCT}.json`);
}

export function unitName(): string {
  return env('SYSTEMD_UNIT') ?? `${PRODUCT}-gateway${profileSuffix()}.service`;
}

export function unitPath(): string {
  return join(home(), '.config/systemd/user', unitName());
}

/** The port by flag, environment, config or default, in this order; and which of them it was. */
export function gatewayPort(config: Config, flag?: number): { port: number; source: string } {
  if (flag) return { port: flag, source: 'cli' };
  const given = Number(env('GATEWAY_PORT') ?? config.gateway?.port);
  return given ? { port: given, source: 'env/config' } : { port: 18789, source: 'default' };
}

export interface Agent {
  readonly id: string;
  readonly workspace: string;
  readonly agentDir: string;
  readonly sessionsPath: string;
  readonly isDefault: boolean;
}

function agentPlaces(config: Config, id: string, isDefault: boolean): Agent {
  const listed = config.agents?.list?.find((entry) => entry.id === id);
  const workspace = listed?.workspace ?? (isDefault ? config.agents?.defaults?.workspace : undefined);
  const fallback = isDefault
    ? join(home(), `.${PRODUCT}`, `workspace${profileSuffix()}`)
    : join(stateDir(), `workspace-${id}`);
  const store = config.session?.store?.replaceAll('{agentId}', id);
  return {
    id,
    workspace: workspace ? expand(workspace) : fallback,
    agentDir: listed?.agentDir ? expand(listed.agentDir) : join(stateDir(), 'agents', id, 'agent'),
    sessionsPath: store ? expand(store) : join(stateDir(), 'agents', id, 'sessions/sessions.json'),
    isDefault,
  };
}

/** Every agent of the config, the default one first where the config names none. */
export function agents(config: Config): Agent[] {
  const list = config.agents?.list ?? [];
  if (list.length === 0) return [agentPlaces(config, 'main', true)];
  const chosen = (list.find((entry) => entry.default) ?? list[0])?.id;
  return list.map((entry) => agentPlaces(config, entry.id, entry.id === chosen));
}

/** The agent that answers when none is named. */
export function defaultAgent(config: Config): Agent {
  const all = agents(config);
  const found = all.find((agent) => agent.isDefault) ?? all[0];
  if (!found) throw new Error('a config always has one agent');
  return found;
}

/** A path below home, as the product prints it. */
export function tilde(path: string): string {
  return path.startsWith(`${home()}/`) ? `~${path.slice(home().length)}` : path;
}
