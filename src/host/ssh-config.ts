import { join, resolve } from 'node:path';
import type { Host } from '../core/host.ts';
import type { Connect } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { pasteable } from './pasteable.ts';
import { printable } from './printable.ts';
import type { ProxyPlace } from './proxy-command.ts';
import { isCommandNotFound, run } from './run.ts';
import { settingsFromFiles } from './ssh-config-files.ts';
import { sshTime } from './ssh-time.ts';

/** What was typed to reach a machine, as `ssh` would be called. What was not given is null or empty. */
export type SshQuery = Pick<
  Connect,
  'host' | 'user' | 'port' | 'identities' | 'configFile' | 'jump' | 'options' | 'family'
>;

/** Whose configuration is meant. */
export interface SshAccount {
  readonly user: string;
  readonly uid: number;
  /** The one of the account, where ssh looks, whatever HOME says. */
  readonly home: string;
  /** Where ssh would be started: relative paths of the configuration begin here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What `ssh` would do with a query. Paths are absolute. */
export interface SshSettings {
  readonly host: string;
  readonly user: string;
  readonly port: number;
  readonly family: 4 | 6 | null;
  /** HostKeyAlias: the name under which the host key is looked up; null when that is the host's own. */
  readonly hostKeyName: string | null;
  /** User files first: a new key is added to the first. */
  readonly knownHosts: readonly string[];
  /** `StrictHostKeyChecking yes`: an unknown key is refused even at a terminal. */
  readonly refusesUnknownKeys: boolean;
  /** HashKnownHosts. */
  readonly hashesNames: boolean;
  readonly identities: readonly string[];
  readonly identitiesOnly: boolean;
  readonly agent: string | null;
  /** ProxyJump: the hops, nearest first. */
  readonly jumps: readonly string[];
  /** ProxyCommand, its tokens not yet filled in. */
  readonly proxyCommand: string | null;
  readonly connectTimeoutMs: number | null;
  readonly keepaliveMs: number | null;
  /** At least 1: at 0 ssh gives up a line that is merely idle. */
  readonly keepaliveCount: number | null;
  /** Everything by its keyword in lower case, as `ssh -G` prints it; several lines of one keyword in their order. */
  readonly all: ReadonlyMap<string, readonly string[]>;
}

/** The words behind `ssh` that say what the query says, without the host. Pure. */
export function sshWords({ user, port, identities, configFile, jump, options, family }: SshQuery): string[] {
  return [
    ...(configFile === null ? [] : ['-F', configFile]),
    ...(jump === null ? [] : ['-J', jump]),
    ...options.flatMap((option) => ['-o', option]),
    ...(family === null ? [] : [`-${String(family)}`]),
    ...identities.flatMap((path) => ['-i', path]),
    ...(port === null ? [] : ['-p', String(port)]),
    ...(user === null ? [] : ['-l', user]),
  ];
}

/**
 * What `ssh` would do: asked of `ssh -G` itself, which evaluates Include, Match and the rest; where there is no ssh, read from the
 * files. Read-only. Throws `option-invalid` with ssh's own words where the configuration or an option cannot be used, and the signal's
 * reason when that aborts: what the configuration has ssh run (`Match exec`) may take for ever.
 */
export async function readSshSettings(
  here: Host,
  query: SshQuery,
  { account, signal }: { readonly account: SshAccount; readonly signal?: AbortSignal | undefined },
): Promise<SshSettings> {
  const answer = await askSsh(here, query, { cwd: account.cwd, signal }).catch((error: unknown) => {
    if (isCommandNotFound(error)) return null;
    throw error;
  });
  const all = answer === null ? await settingsFromFiles(query, account) : parseSettings(answer);
  return settingsOf(all, query, account);
}

async function askSsh(
  here: Host,
  query: SshQuery,
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const argv = ['ssh', '-G', ...sshWords(query), '--', query.host];
  const { code, stdout, stderr } = await run(here, argv, { cwd, env: { LC_ALL: 'C' }, ...(signal && { signal }) });
  if (code === 0) return stdout.toString();
  const lines = stderr.toString().trim().split(/\r?\n/);
  throw fail('option-invalid', {
    message: `ssh cannot use its configuration for ${query.host}: ${printable(lines.join('; '))}`,
    hint: `Mend it until this prints settings: ssh -G ${pasteable(query.host)}`,
  });
}

/** The lines of `ssh -G`: a keyword in lower case, a blank, the rest. Pure. */
export function parseSettings(text: string): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, keyword = '', value = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === '') continue;
    const name = keyword.toLowerCase();
    all.set(name, [...(all.get(name) ?? []), value]);
  }
  return all;
}

/** Settings from their text. Pure. */
export function settingsOf(
  all: ReadonlyMap<string, readonly string[]>,
  query: SshQuery,
  account: SshAccount,
): SshSettings {
  const one = (name: string): string | null => {
    const value = all.get(name)?.[0];
    return value === undefined || value === '' || value.toLowerCase() === 'none' ? null : value;
  };
  const seconds = (name: string): number | null => {
    const value = sshTime(one(name) ?? '') ?? 0;
    return value > 0 ? value * 1000 : null;
  };
  const place = {
    host: one('hostname') ?? query.host,
    typed: query.host,
    port: portOf(one('port')),
    user: one('user') ?? account.user,
  };
  const path = (text: string): string => pathOf(text, account, place);
  const paths = (name: string): string[] =>
    (one(name) ?? '')
      .split(/ (?=[/~%$"])/)
      .filter((text) => text !== '')
      .map(path);
  return {
    host: place.host,
    user: place.user,
    port: place.port,
    family: one('addressfamily') === 'inet' ? 4 : one('addressfamily') === 'inet6' ? 6 : null,
    hostKeyName: one('hostkeyalias'),
    knownHosts: [...paths('userknownhostsfile'), ...paths('globalknownhostsfile')],
    refusesUnknownKeys: ['yes', 'true'].includes(one('stricthostkeychecking') ?? ''),
    hashesNames: one('hashknownhosts') === 'yes',
    identities: (all.get('identityfile') ?? []).filter((text) => text !== 'none').map(path),
    identitiesOnly: one('identitiesonly') === 'yes',
    agent: agentOf(all.get('identityagent')?.[0], { account, place }),
    jumps: (one('proxyjump') ?? '')
      .split(',')
      .filter((hop) => hop !== '')
      .map(plainHop),
    proxyCommand: one('proxycommand'),
    connectTimeoutMs: seconds('connecttimeout'),
    keepaliveMs: seconds('serveraliveinterval'),
    keepaliveCount: one('serveralivecountmax') === null ? null : Math.max(1, Number(one('serveralivecountmax')) || 1),
    all,
  };
}

function portOf(text: string | null): number {
  const port = Number(text ?? 22);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 22;
}

/** `ssh -G` writes brackets round every hop that has a port; they belong round IPv6 addresses only. */
function plainHop(hop: string): string {
  return hop.replace(/\[([^\]:]+)\]/, '$1');
}

/** `IdentityAgent`: a socket, `none`, the name of a variable, or SSH_AUTH_SOCK. */
function agentOf(
  text: string | undefined,
  { account, place }: { account: SshAccount; place: ProxyPlace },
): string | null {
  if (text?.toLowerCase() === 'none') return null;
  if (text === undefined || text === '' || text === 'SSH_AUTH_SOCK') return account.env['SSH_AUTH_SOCK'] ?? null;
  const [, name] = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? [];
  return name === undefined ? pathOf(text, account, place) : (account.env[name] ?? null);
}

/** With the tokens of paths filled in; those that only ssh can make (`%C`) stay. */
function pathOf(text: string, { home, user, env, cwd }: SshAccount, place: ProxyPlace): string {
  const tokens: Readonly<Record<string, string>> = {
    ...{ '%': '%', d: home, u: user, h: place.host, n: place.typed, p: String(place.port), r: place.user },
  };
  const plain = text.replace(/^"(.*)"$/, '$1');
  const filled = plain
    .replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => env[name] ?? whole)
    .replaceAll(/%([%duhnpr])/g, (_whole, token: string) => tokens[token] ?? '');
  return filled === '~' || filled.startsWith('~/') ? join(home, filled.slice(1)) : resolve(cwd, filled);
}
