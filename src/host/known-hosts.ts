import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** One line of a known_hosts file that names a key. */
export interface KnownHost {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly revoked: boolean;
  /** `@cert-authority`: the key signs certificates of hosts; it vouches for no key itself. */
  readonly authority: boolean;
  /** The first field: comma-separated patterns, or one hashed name. */
  readonly names: string;
  /** `ssh-ed25519`, `ssh-rsa`, ... */
  readonly keyType: string;
  readonly key: Buffer;
}

const MARKERS = new Set([undefined, '@revoked', '@cert-authority']);
const LINE = /^(?:(@\S+)[ \t]+)?(\S+)[ \t]+(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]|$)/;

/**
 * The keys that a known_hosts text names. Comments, other markers and lines
 * that cannot be read are left out, as ssh leaves them out. Pure; never throws.
 */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((raw, index) => {
    const fields = LINE.exec(raw.trim());
    if (!fields || raw.trim().startsWith('#')) return [];
    const [, marker, names = '', keyType = '', encoded = ''] = fields;
    const key = Buffer.from(encoded, 'base64');
    if (!MARKERS.has(marker) || embeddedType(key) !== keyType) return [];
    const [revoked, authority] = [marker === '@revoked', marker === '@cert-authority'];
    return [{ file, line: index + 1, revoked, authority, names, keyType, key }];
  });
}

/** The type that a public key in SSH's wire format says of itself; empty when it is none. Pure. */
export function embeddedType(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > 64 || 4 + length > key.length ? '' : key.toString('latin1', 4, 4 + length);
}

/** The name under which known_hosts files list a machine: `host`, or `[host]:port` where the port is not 22. Pure. */
export function knownHostsName(host: string, port: number): string {
  const plain = host.toLowerCase().replace(/\.$/, '');
  return port === 22 ? plain : `[${plain}]:${port}`;
}

/** Does the names field of a line mean `name` (as `knownHostsName` gives it)? Hashes, wildcards and negation as ssh does. Pure. */
export function matchesName(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name);
  let matches = false;
  for (const pattern of names.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) matches = true;
  }
  return matches;
}

/** A name as HashKnownHosts has it written: nobody who reads the file learns it. Another one each time. */
export function hashedName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

function matchesHash(hashed: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(hashed) ?? [];
  if (salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** `*` and `?` as ssh means them. In linear space and without backtracking over more than the last `*`: the file may be anybody's. */
function matchesPattern(pattern: string, name: string): boolean {
  let [p, n, star, resume] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') [star, resume, p] = [p, n, p + 1];
    else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) [p, n] = [p + 1, n + 1];
    else if (star >= 0) [p, n, resume] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
