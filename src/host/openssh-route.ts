import type { DialAround, DialRequest, Route } from './dial.ts';
import { CONNECT_TIMEOUT_MS, wholeSeconds } from './openssh-args.ts';
import type { Hop, OpenSshOptions } from './openssh-options.ts';
import { quoteWord } from './quote.ts';
import { algorithmOptions } from './ssh-algorithm-lists.ts';
import { sshWords } from './ssh-config.ts';

/** A way in the words of OpenSSH, which reads the configuration itself. Pure. */
export function openSshOptions(request: DialRequest, around: DialAround, route: Route): OpenSshOptions {
  const { options, hop } = route;
  const { query, knownHosts, passphrase, hostKeyPin } = request;
  // ssh asks for both in the same words, and the password is not for a machine on the way.
  const password = hasNamesake(route) ? null : request.password;
  const { host, port, user, keepaliveMs, keepaliveCount, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const { env, node, ask, clock, reconnectMs, signal, onReconnect } = around;
  const person = ask !== null;
  return {
    args: [...fileWords(knownHosts), ...sshWords({ ...query, jump: null })],
    ...(hop && { via: { hops: hopsTo(hop), proxyCommand: (logOf) => proxyThrough(hop, { person, logOf }) } }),
    destination: query.host,
    place: { host, port },
    ...{ user, env, node, password, passphrase, hostKeyPin, clock, reconnectMs, connectTimeoutMs },
    ...{ ask, refusesUnknownKeys: options.refusesUnknownKeys === true, hostKeyName: options.hostKeyName ?? null },
    ...(options.algorithms && { algorithms: options.algorithms }),
    ...(keepaliveMs !== undefined && { keepaliveMs }),
    ...(keepaliveCount !== undefined && { keepaliveCount }),
    ...(signal && { signal }),
    ...(onReconnect && { onReconnect }),
  };
}

/** The jump hosts up to this one, nearest first. */
function hopsTo({ hop, options: { host, port, user } }: Route): Hop[] {
  return [...(hop ? hopsTo(hop) : []), { place: { host, port }, user }];
}

/** Is there a jump host that is called as the machine itself, at another port say? */
function hasNamesake({ options, hop }: Route): boolean {
  for (let on = hop; on !== null; on = on.hop)
    if (on.options.user === options.user && on.options.host === options.host) return true;
  return false;
}

interface HopWay {
  /** Can a person be asked about an unknown key? */
  readonly person: boolean;
  /** Where the ssh to the hop of that number, nearest first, leaves its words. */
  readonly logOf: (hop: number) => string;
}

/**
 * The ProxyCommand that does what ProxyJump does, for which ssh would start another ssh with its own ideas of trust: here an unknown
 * key of a hop is a question or an end, whatever the configuration says, nothing weak is offered, and `--known-hosts` holds for it too.
 */
function proxyThrough({ request, hop, options }: Route, way: HopWay): string {
  const { query, knownHosts } = request;
  const set = [
    `StrictHostKeyChecking=${way.person ? 'ask' : 'yes'}`,
    'UpdateHostKeys=no',
    'Compression=no',
    // What it says is why it ended then, and must not be taken for the words of another.
    'LogLevel=ERROR',
    `ConnectTimeout=${wholeSeconds(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS)}`,
    ...algorithmOptions(options.algorithms ?? {}, { certificates: true }),
  ];
  const log = way.logOf(hop === null ? 0 : hopsTo(hop).length);
  const trust = [...set.flatMap((each) => ['-o', each]), '-E', log, ...fileWords(knownHosts)];
  const before = hop === null ? [] : ['-o', `ProxyCommand=${proxyThrough(hop, way)}`];
  const words = ['ssh', ...trust, ...before, ...sshWords({ ...query, jump: null }), '-a', '-x', '-T'];
  const quoted = words.map((word) => quoteWord(word.replaceAll('%', '%%')));
  return [...quoted, '-W', "'[%h]:%p'", '--', quoteWord(query.host)].join(' ');
}

/** In quotes, for ssh takes several files there, and with nothing that it would fill in. */
function fileWords(knownHosts: string | null): string[] {
  if (knownHosts === null) return [];
  const name = `"${knownHosts.replaceAll('%', '%%')}"`;
  return ['-o', `UserKnownHostsFile=${name}`, '-o', 'GlobalKnownHostsFile=none'];
}
