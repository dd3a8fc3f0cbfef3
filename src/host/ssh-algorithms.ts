import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

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

/**
 * All that is offered to an SSH server: nothing that rests on SHA-1, MD5, CBC or compression. Host keys of the types in
 * `knownTypes` are asked for first, so that a server with several shows the one that is known here. Pure.
 */
export function algorithms(knownTypes: ReadonlySet<string>): Algorithms {
  const known = HOST_KEYS.filter(({ keyType }) => knownTypes.has(keyType));
  const others = HOST_KEYS.filter(({ keyType }) => !knownTypes.has(keyType));
  return {
    kex: [...KEX],
    cipher: [...CIPHERS],
    serverHostKey: [...known, ...others].map(({ algorithm }) => algorithm),
    hmac: [...MACS],
    compress: ['none'],
  };
}
