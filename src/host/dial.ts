import type { Ask } from '../core/ask.ts';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { Transport } from '../core/plan.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { CONNECT_TIMEOUT_MS } from './openssh-args.ts';
import { OpenSshHost } from './openssh.ts';
import { openSshOptions } from './openssh-route.ts';
import { printable } from './printable.ts';
import { proxyArgv } from './proxy-command.ts';
import { readAlgorithmLists } from './ssh-algorithm-lists.ts';
import { readSshSettings, type SshAccount, type SshQuery, type SshSettings } from './ssh-config.ts';
import { RecallingAsk } from './recalling-ask.ts';
import { isCommandNotFound } from './run.ts';
import { SshHost } from './ssh.ts';
import type { Through } from './ssh-line.ts';
import type { SshOptions } from './ssh-options.ts';
import { parseHop } from './target.ts';
import { reasonAfterFailure, reasonByAlgorithms, reasonForOpenSsh, tookPassword } from './transport.ts';

/** What is asked for beside the query itself. */
export interface DialRequest {
  readonly query: SshQuery;
  /** Takes the place of every known_hosts file, for hops too. */
  readonly knownHosts: string | null;
  readonly hostKeyPin: string | null;
  /** For the machine itself, not for hops. */
  readonly password: string | null;
  readonly passphrase: string | null;
}

/** Who dials, and with what patience. */
export interface DialAround {
  /** This machine: runs `ssh -G` and ProxyCommands. */
  readonly here: Host;
  /** The environment of a child process of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** A Node on this machine, absolute. */
  readonly node: string;
  readonly account: SshAccount;
  readonly ask: Ask | null;
  readonly clock: Clock;
  readonly reconnectMs: number;
  /** Wins over the ConnectTimeout of the configuration, as a typed option does; null when it was not given. */
  readonly connectTimeoutMs: number | null;
  readonly signal?: AbortSignal;
  readonly onReconnect?: (fresh: Host) => Promise<void>;
}

/** A way to a machine as `ssh` would take it. */
export interface Route {
  readonly request: DialRequest;
  /** The jump host before it, with its own way; null where there is none. */
  readonly hop: Route | null;
  /** For ssh2. */
  readonly options: SshOptions;
  /** Why ssh2 cannot take it and OpenSSH has to; null when it can. */
  readonly beyond: string | null;
}

const MOST_HOPS = 8;

/**
 * Connects as `ssh` would: by ssh2, and where that cannot, by OpenSSH, telling why (`auto`). Rejects with what `findRoute` throws, with
 * the Problems of connecting, with `transport-unfit` where `ssh2` was asked for and cannot.
 */
export async function dial(
  request: DialRequest,
  around: DialAround,
  { transport, tell }: { transport: Transport; tell: (message: string) => Promise<void> },
): Promise<Host> {
  const person = around.ask && new RecallingAsk(around.ask);
  const route = await findRoute(request, { ...around, ask: person });
  const byOpenSsh = (ask: Ask | null): Promise<Host> =>
    OpenSshHost.connect(openSshOptions(request, { ...around, ask }, route));
  if (transport === 'openssh') return byOpenSsh(person);
  if (route.beyond !== null) {
    if (transport === 'ssh2') throw unfit(route);
    await tell(`OpenSSH is used, for ${route.beyond}.`);
    return byOpenSsh(person);
  }
  try {
    return await SshHost.connect(route.options);
  } catch (error) {
    const reason = transport === 'auto' ? reasonAfterFailure(error) : null;
    if (reason === null) throw error;
    await tell(`OpenSSH is tried, for ${reason}.`);
    const passwordWasTaken = tookPassword(error);
    return await byOpenSsh(person && person.again({ passwordWasTaken })).catch((later: unknown) => {
      throw isCommandNotFound(later) ? error : later;
    });
  }
}

/**
 * Finds out how `ssh` would reach the machine: endpoint, identity, trust, hops. Connects to nothing. Throws `option-invalid` for a
 * configuration that cannot be used, whose jump hosts lead round in a circle, or one of whose hops is no name.
 */
export function findRoute(request: DialRequest, around: DialAround): Promise<Route> {
  return routeOf(request, around, MOST_HOPS);
}

async function routeOf(request: DialRequest, around: DialAround, hopsLeft: number): Promise<Route> {
  const { query, knownHosts, hostKeyPin, password, passphrase } = request;
  const { here, account, clock, reconnectMs, connectTimeoutMs, signal, onReconnect } = around;
  if (hopsLeft < 0) throw circle(query.host);
  const settings = await readSshSettings(here, query, { account, signal });
  const { host, port, user, family, identities, identitiesOnly, agent, hostKeyName } = settings;
  const algorithms = await readAlgorithmLists(settings, here);
  const between = await betweenOf(request, around, settings, hopsLeft);
  const options: SshOptions = {
    ...{ host, port, user, family, identities, identitiesOnly, agent, hostKeyName, hostKeyPin, password, passphrase },
    knownHosts: knownHosts === null ? settings.knownHosts : [knownHosts],
    refusesUnknownKeys: settings.refusesUnknownKeys,
    hashesNames: settings.hashesNames,
    algorithms,
    ask: around.ask,
    ...{ clock, reconnectMs },
    connectTimeoutMs: connectTimeoutMs ?? settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    ...(between.through && { through: between.through }),
    ...(settings.keepaliveMs !== null && { keepaliveMs: settings.keepaliveMs }),
    ...(settings.keepaliveMs !== null &&
      settings.keepaliveCount !== null && { keepaliveCount: settings.keepaliveCount }),
    ...(signal && { signal }),
    ...(onReconnect && { onReconnect }),
  };
  const beyond = between.beyond ?? reasonByAlgorithms(algorithms) ?? (await reasonForOpenSsh(settings, options, here));
  return { request, hop: between.hop, options, beyond };
}

interface Between {
  readonly hop: Route | null;
  readonly through: Through | null;
  readonly beyond: string | null;
}

async function betweenOf(
  request: DialRequest,
  around: DialAround,
  settings: SshSettings,
  hopsLeft: number,
): Promise<Between> {
  const { jumps, proxyCommand, host, port, user } = settings;
  if (jumps.length > 0) {
    const hop = await routeOf(
      hopRequest(request, jumps),
      { ...around, onReconnect: () => Promise.resolve() },
      hopsLeft - 1,
    );
    const beyond = hop.beyond === null ? null : `at the jump host ${hop.options.host} ${hop.beyond}`;
    return { hop, through: { kind: 'jump', options: hop.options }, beyond };
  }
  if (proxyCommand === null) return { hop: null, through: null, beyond: null };
  const argv = proxyArgv(proxyCommand, { host, port, user, typed: request.query.host });
  if (argv === null) return { hop: null, through: null, beyond: 'the ProxyCommand needs a shell' };
  return { hop: null, through: { kind: 'command', argv, here: around.here }, beyond: null };
}

/** The last hop is reached through those before it; of the command line only the configuration file is meant for it, as with ssh. */
function hopRequest(request: DialRequest, jumps: readonly string[]): DialRequest {
  const { query, knownHosts, passphrase } = request;
  const from = givenBy(query);
  for (const jump of jumps) parseHop(jump, from);
  const last = jumps.at(-1) ?? '';
  const { host, user, port } = parseHop(last, from);
  const jump = jumps.length > 1 ? jumps.slice(0, -1).join(',') : null;
  return {
    query: { host, user, port, identities: [], configFile: query.configFile, jump, options: [], family: null },
    knownHosts,
    passphrase,
    hostKeyPin: null,
    password: null,
  };
}

/** Where the jump hosts of a query stand, in words. */
function givenBy({ jump, options, host, configFile }: SshQuery): string {
  if (jump !== null) return '-J (--jump)';
  if (options.some((option) => /^\s*proxyjump[\s=]/i.test(option))) return '-o ProxyJump';
  const file = configFile === null ? 'the SSH configuration (~/.ssh/config, /etc/ssh/ssh_config)' : configFile;
  return `ProxyJump for ${printable(host, 100)} in ${printable(file, 200)}`;
}

function unfit({ beyond, options }: Route): ProblemError {
  return fail('transport-unfit', {
    message: `ssh2 cannot reach ${options.host} as ssh does: ${beyond ?? ''}.`,
    hint: 'Leave out --transport, and OpenSSH is used where it is needed.',
  });
}

function circle(host: string): ProblemError {
  return fail('option-invalid', {
    message: `The way to the old machine has more than ${String(MOST_HOPS)} jump hosts (at ${printable(host, 100)}); it leads round in a circle.`,
    hint: 'Give the jump host in ssh_config a Host block of its own with ProxyJump none.',
  });
}
