import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';
import type { AlgorithmList, AlgorithmLists } from './ssh-algorithm-lists.ts';

const KEX: KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group14-sha256',
];

/** Without chacha20-poly1305 and CBC there is nothing for Terrapin (CVE-2023-48795) to work on, strict key exchange or not. */
const CIPHERS: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

const MACS: MacAlgorithm[] = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
];

/** Each algorithm for proving a host key, and the type of key that it is for, as known_hosts spells it. Best first. */
const HOST_KEYS: readonly { algorithm: ServerHostKeyAlgorithm; keyType: string }[] = [
  { algorithm: 'ssh-ed25519', keyType: 'ssh-ed25519' },
  { algorithm: 'ecdsa-sha2-nistp256', keyType: 'ecdsa-sha2-nistp256' },
  { algorithm: 'ecdsa-sha2-nistp384', keyType: 'ecdsa-sha2-nistp384' },
  { algorithm: 'ecdsa-sha2-nistp521', keyType: 'ecdsa-sha2-nistp521' },
  { algorithm: 'rsa-sha2-512', keyType: 'ssh-rsa' },
  { algorithm: 'rsa-sha2-256', keyType: 'ssh-rsa' },
];

/** Types of host key that can be proven to us at all, as known_hosts spells them. */
export const PROVABLE_KEY_TYPES: ReadonlySet<string> = new Set(HOST_KEYS.map(({ keyType }) => keyType));

/** What ssh2 has that is safe, best first. Keys prove themselves to a server as a server's do to us. */
export const SAFE = {
  kex: KEX,
  ciphers: CIPHERS,
  macs: MACS,
  hostKeys: HOST_KEYS.map(({ algorithm }) => algorithm),
  signatures: HOST_KEYS.map(({ algorithm }) => algorithm),
} as const;

/**
 * All that is offered to an SSH server: nothing that rests on SHA-1, MD5, CBC or compression. What the configuration lists is offered in
 * its order. Where it does not order host keys, those of the types in `knownTypes` are asked for first, so that a server with several
 * shows the one that is known here. ssh2 itself adds `kex-strict-c-v00@openssh.com`, and keeps to it where the server has it. Pure.
 */
export function algorithms(knownTypes: ReadonlySet<string>, lists: AlgorithmLists = {}): Algorithms {
  const keys = chosen(SAFE.hostKeys, lists.hostKeys);
  const isKnown = (key: ServerHostKeyAlgorithm): boolean =>
    HOST_KEYS.some(({ algorithm, keyType }) => algorithm === key && knownTypes.has(keyType));
  const isOrdered = lists.hostKeys?.less === null;
  return {
    kex: chosen(KEX, lists.kex),
    cipher: chosen(CIPHERS, lists.ciphers),
    serverHostKey: isOrdered ? keys : [...keys.filter(isKnown), ...keys.filter((key) => !isKnown(key))],
    hmac: chosen(MACS, lists.macs),
    compress: ['none'],
  };
}

function chosen<T extends string>(safe: readonly T[], list: AlgorithmList | undefined): T[] {
  return list === undefined ? [...safe] : list.names.flatMap((name) => safe.filter((one) => one === name));
}

/** The algorithms by which a key of that type may sign, where the configuration takes `accepted`, or does not say (null). Pure. */
export function signaturesOf(keyType: string, accepted: readonly string[] | null): string[] {
  const possible = keyType === 'ssh-rsa' ? ['rsa-sha2-256', 'rsa-sha2-512'] : [keyType];
  return possible.filter((name) => accepted === null || accepted.includes(name));
}
