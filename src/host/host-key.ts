import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Ask } from '../core/ask.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { embeddedType, type KnownHost, knownHostsName, matchesName, parseKnownHosts } from './known-hosts.ts';
import { printable } from './printable.ts';
import { PROVABLE_KEY_TYPES } from './ssh-algorithms.ts';

/** A host key that somebody has vouched for. Only a `HostKeyPolicy` makes one, and no Connection comes to be without one. */
export interface TrustedHostKey {
  /** As in known_hosts: `ssh-ed25519`, ... */
  readonly keyType: string;
  readonly key: Buffer;
  /** `SHA256:...`, as ssh-keygen prints it. */
  readonly fingerprint: string;
  /** Who vouched: a known_hosts line, the pin, a person who was asked, or the connection before this one. */
  readonly trustedBy: 'known-hosts' | 'pin' | 'person' | 'connection';
}

/** Decides on the key that a machine shows. */
export interface HostKeyPolicy {
  /** Types to ask for first. */
  readonly knownTypes: ReadonlySet<string>;
  /** Throws `host-key-unknown`, `host-key-changed`, `host-key-revoked`, `machine-changed`, or `declined` by the person asked. */
  judge(key: Buffer, ask: Ask | null): Promise<TrustedHostKey>;
}

/** Where the keys of a machine are looked up. */
export interface HostKeySources {
  readonly host: string;
  readonly port: number;
  /** Look it up under this name instead (HostKeyAlias), whatever the port. */
  readonly hostKeyName?: string | null;
  /** An unknown key is refused even where a person could be asked (StrictHostKeyChecking yes). */
  readonly refusesUnknownKeys?: boolean;
  /** A name that is remembered is written as a hash (HashKnownHosts). */
  readonly hashesNames?: boolean;
  /** Files in known_hosts format; those that do not exist are empty. */
  readonly knownHosts: readonly string[];
  /** `SHA256:...`: when given, it alone decides. */
  readonly hostKeyPin: string | null;
}

/** The SHA-256 fingerprint of a public key in SSH's wire format, as ssh-keygen prints it. Pure. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/**
 * The policy for a first connection: the pin, else the known_hosts files, else the person at the terminal. Reads the files now.
 * Throws `host-key-unknown` when a file is there and cannot be read (a revoked key might be in it).
 */
export async function firstPolicy(sources: HostKeySources): Promise<HostKeyPolicy> {
  const { host, port, knownHosts, hostKeyPin, hostKeyName } = sources;
  const name = nameOf(sources);
  const all = (await Promise.all(knownHosts.map((file) => readKnownHosts(file, hostKeyPin !== null)))).flat();
  const lines = all.filter(({ authority }) => !authority);
  const exact = lines.filter(({ names }) => matchesName(names, name));
  // As ssh does: a line without the port vouches for the machine at another port, but cannot accuse it.
  const portless =
    port === 22 || hostKeyName ? [] : lines.filter(({ names }) => matchesName(names, knownHostsName(host, 22)));
  const relevant = exact.some(({ revoked }) => !revoked) ? exact : portless;
  const knownTypes = new Set(relevant.filter(({ revoked }) => !revoked).map(({ keyType }) => keyType));
  const judge: HostKeyPolicy['judge'] =
    hostKeyPin === null
      ? (key, ask) =>
          judgeByFiles(describe(key, name), { exact, portless, ask: sources.refusesUnknownKeys ? null : ask })
      : (key) => judgeByPin(describe(key, name), hostKeyPin);
  return { knownTypes, judge };
}

/** The policy for every later connection of a Host: the key of the first, and no other. */
export function samePolicy(first: TrustedHostKey, sources: HostKeySources): HostKeyPolicy {
  return {
    knownTypes: new Set([first.keyType]),
    judge: (key) => {
      const shown = describe(key, nameOf(sources));
      if (key.equals(first.key)) return Promise.resolve(trusted(shown, 'connection'));
      return Promise.reject(
        fail('machine-changed', {
          message: `After the line broke, ${shown.name} shows the key ${shown.fingerprint}; before it was ${first.fingerprint}.`,
          hint: 'Find out which machine answers at that address now (DNS, DHCP, a cloned image), then go on with neo-pull resume.',
        }),
      );
    },
  };
}

/** Does a certificate authority vouch for the machine, whose certificates ssh2 cannot judge? As ssh does, also for another port. Reads the files now. */
export async function isKnownByAuthority(sources: HostKeySources): Promise<boolean> {
  if (sources.hostKeyPin !== null) return false;
  const name = nameOf(sources);
  const lines = (await Promise.all(sources.knownHosts.map((file) => readKnownHosts(file, true)))).flat();
  const portless = nameOf({ ...sources, port: 22 });
  return lines.some(({ names, authority }) => authority && (matchesName(names, name) || matchesName(names, portless)));
}

/** The name under which the key of a machine is looked up and remembered. Pure. */
export function nameOf({ host, port, hostKeyName }: Pick<HostKeySources, 'host' | 'port' | 'hostKeyName'>): string {
  return hostKeyName ? hostKeyName.toLowerCase() : knownHostsName(host, port);
}

interface Shown {
  readonly name: string;
  readonly key: Buffer;
  readonly keyType: string;
  readonly fingerprint: string;
}

function describe(key: Buffer, name: string): Shown {
  return { name, key, keyType: embeddedType(key), fingerprint: fingerprintOf(key) };
}

function trusted({ key, keyType, fingerprint }: Shown, trustedBy: TrustedHostKey['trustedBy']): TrustedHostKey {
  return { key, keyType, fingerprint, trustedBy };
}

async function judgeByFiles(
  shown: Shown,
  { exact, portless, ask }: { exact: readonly KnownHost[]; portless: readonly KnownHost[]; ask: Ask | null },
): Promise<TrustedHostKey> {
  const same = [...exact, ...portless].filter(({ key }) => key.equals(shown.key));
  const revoked = same.find((line) => line.revoked);
  if (revoked) throw keyRevoked(shown, revoked);
  if (same.length > 0) return trusted(shown, 'known-hosts');
  const other = exact.find((line) => !line.revoked && PROVABLE_KEY_TYPES.has(line.keyType));
  if (other) throw keyChanged(shown, other);
  if (!ask) throw keyUnknown(shown);
  if (await ask.confirm(question(shown))) return trusted(shown, 'person');
  throw fail('declined', {
    message: `The key of ${shown.name} was not accepted; nothing was sent to it.`,
    hint: `Run again, and answer yes, when ${howToCompare(shown)} prints ${shown.fingerprint} on the old machine.`,
  });
}

function judgeByPin(shown: Shown, pin: string): Promise<TrustedHostKey> {
  if (shown.fingerprint === pin.replace(/=+$/, '')) return Promise.resolve(trusted(shown, 'pin'));
  return Promise.reject(
    fail('host-key-changed', {
      message: `${shown.name} shows the ${kind(shown.keyType)} key ${shown.fingerprint}; the pin asks for ${printable(pin, 100)}.`,
      hint: `Pin the fingerprint that ${howToCompare(shown)} prints on the old machine. If that is another than shown here, someone is in between.`,
    }),
  );
}

function question(shown: Shown): string {
  return (
    `The key of ${shown.name} is not known here. It is the ${kind(shown.keyType)} key\n  ${shown.fingerprint}\n` +
    `On the old machine, ${howToCompare(shown)} prints it. Is it the same? Then it is remembered`
  );
}

function keyUnknown(shown: Shown): ProblemError {
  return fail('host-key-unknown', {
    message: `The ${kind(shown.keyType)} key of ${shown.name} is not known here: ${shown.fingerprint}`,
    hint: `When ${howToCompare(shown)} prints the same on the old machine, run again with --host-key ${shown.fingerprint}`,
    detail: { fingerprint: shown.fingerprint, keyType: shown.keyType },
  });
}

function keyChanged(shown: Shown, known: KnownHost): ProblemError {
  const file = printable(known.file, 200);
  return fail('host-key-changed', {
    message:
      `${shown.name} shows the ${kind(shown.keyType)} key ${shown.fingerprint}, but line ${known.line} of ${file} ` +
      `knows the ${kind(known.keyType)} key ${fingerprintOf(known.key)}.`,
    hint: `Find out why before you go on. If the machine was set up anew: ssh-keygen -R '${shown.name}' -f '${file}', or once --host-key ${shown.fingerprint}`,
    detail: { fingerprint: shown.fingerprint, file: known.file, line: known.line },
  });
}

function keyRevoked(shown: Shown, known: KnownHost): ProblemError {
  return fail('host-key-revoked', {
    message: `The key ${shown.fingerprint} of ${shown.name} is marked @revoked in line ${known.line} of ${printable(known.file, 200)}.`,
    hint: 'Whoever marked it knows why. The machine needs a new host key before anybody should connect to it.',
    detail: { fingerprint: shown.fingerprint, file: known.file, line: known.line },
  });
}

function howToCompare({ keyType }: Shown): string {
  return `\`ssh-keygen -lf /etc/ssh/ssh_host_${kind(keyType).toLowerCase()}_key.pub\``;
}

function kind(keyType: string): string {
  if (keyType.startsWith('ecdsa-')) return 'ECDSA';
  return keyType === 'ssh-rsa' ? 'RSA' : 'ED25519';
}

async function readKnownHosts(file: string, optional: boolean): Promise<KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'latin1'), file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (optional || code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fail('host-key-unknown', {
      message: `The known keys in ${printable(file, 200)} cannot be read (${code}).`,
      hint: 'Make the file readable for this account, or name another with --known-hosts, or pin the key with --host-key.',
    });
  }
}
