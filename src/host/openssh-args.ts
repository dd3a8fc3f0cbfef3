import type { OpenSshFolder } from './openssh-folder.ts';
import type { OpenSshOptions } from './openssh-options.ts';
import { algorithmOptions } from './ssh-algorithm-lists.ts';

export const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_MS = 15_000;
const KEEPALIVE_COUNT = 3;

/** What the user's config may not change. ssh takes the first value it sees, and reads these before anything else. */
const ALWAYS: readonly string[] = [
  'ForwardAgent=no',
  'ForwardX11=no',
  'ForwardX11Trusted=no',
  'ClearAllForwardings=yes',
  'Tunnel=no',
  'GSSAPIDelegateCredentials=no',
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  'RequestTTY=no',
  'ForkAfterAuthentication=no',
  'EscapeChar=none',
  'SendEnv=-*',
  'Compression=no',
  'LogLevel=ERROR',
  // Why a line ended is said at the level at which the machine may say what it likes, in its banner: only the former is heard.
  'LogVerbose=*:sshpkt_vfatal*:*,*:ssh_packet_disconnect*:*,*:server_alive_check*:*',
  'VisualHostKey=no',
  'UpdateHostKeys=no',
  'CheckHostIP=no',
  'VerifyHostKeyDNS=no',
  'NoHostAuthenticationForLocalhost=no',
  'NumberOfPasswordPrompts=3',
];

/** Switches win over options, whichever comes first; the last one counts. */
const SWITCHES = ['-a', '-x', '-T'];

/** The keywords, in lower case, that `masterArgs` gives an ssh whatever was typed. Pure. */
export function alwaysSet(): ReadonlySet<string> {
  const more = ['HostKeyAlgorithms', 'KnownHostsCommand', 'StrictHostKeyChecking', 'ControlPersist'];
  return new Set([...ALWAYS, ...more].map((each) => each.replace(/=.*/, '').toLowerCase()));
}

/** What differs from one login to the next. */
export interface LoginWords {
  /** The control socket to be made. */
  readonly line: string;
  /** Can anybody, or a given secret, answer? */
  readonly answered: boolean;
  /** Can a person be asked about an unknown host key? */
  readonly person: boolean;
}

/** The words behind `ssh` that open the one authenticated connection. OpenSSH knows all of them since 8.7. Pure. */
export function masterArgs(options: OpenSshOptions, folder: OpenSshFolder, login: LoginWords): string[] {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, keepaliveMs = KEEPALIVE_MS } = options;
  const pinned = options.hostKeyPin !== null;
  const { via } = options;
  const set = [
    ...ALWAYS,
    // Not by -M: given twice it would have every command confirmed.
    'ControlMaster=yes',
    'ControlPersist=no',
    `ConnectTimeout=${wholeSeconds(connectTimeoutMs)}`,
    `ServerAliveInterval=${wholeSeconds(keepaliveMs)}`,
    `ServerAliveCountMax=${options.keepaliveCount ?? KEEPALIVE_COUNT}`,
    `BatchMode=${login.answered ? 'no' : 'yes'}`,
    `StrictHostKeyChecking=${login.person && !pinned && options.refusesUnknownKeys !== true ? 'ask' : 'yes'}`,
    // A pin is the fingerprint of a key, which a certificate would hide.
    ...algorithmOptions(options.algorithms ?? {}, { certificates: !pinned }),
    ...(pinned ? ['UserKnownHostsFile=none', 'GlobalKnownHostsFile=none'] : []),
    ...(via ? [`ProxyCommand=${via.proxyCommand((hop) => folder.hopLog(hop))}`] : []),
    `KnownHostsCommand=${folder.hostKeyProgram} %I %f %t %K %H`,
  ];
  return [...asOptions(set), ...options.args, ...SWITCHES, '-N', '-S', login.line, '--', options.destination];
}

/**
 * The words behind `ssh` that start one command line over the standing connection. No config is read, and where the connection is
 * gone none is made: the way round it is a program that ends at once. Pure.
 */
export function sessionArgs(line: string, command: string): string[] {
  const set = ['ControlMaster=no', 'ProxyCommand=false', 'EscapeChar=none', 'LogLevel=ERROR', 'BatchMode=yes'];
  return ['-F', 'none', '-S', line, ...asOptions(set), ...SWITCHES, '--', 'neo-pull', command];
}

function asOptions(set: readonly string[]): string[] {
  return set.flatMap((each) => ['-o', each]);
}

/** Rounded up, for ssh, to which 0 means never. Pure. */
export function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
