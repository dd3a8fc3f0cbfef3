import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type KeyType = 'ed25519' | 'ecdsa' | 'rsa';

/** A key pair made by ssh-keygen. */
export interface KeyPair {
  readonly type: KeyType;
  /** The private half; the public one lies beside it as `.pub`. */
  readonly path: string;
  /** `ssh-ed25519 AAAA...`, without a comment. */
  readonly publicLine: string;
  /** As ssh-keygen prints it. */
  readonly fingerprint: string;
}

/** Makes a key pair in `folder`. `format: 'PEM'` is the form that OpenSSH wrote before 2018. */
export function makeKey(
  folder: string,
  name: string,
  { type = 'ed25519', passphrase = '', format }: { type?: KeyType; passphrase?: string; format?: 'PEM' } = {},
): KeyPair {
  const path = join(folder, name);
  const size = type === 'rsa' ? ['-b', '2048'] : [];
  const form = format ? ['-m', format] : [];
  execFileSync('ssh-keygen', ['-q', '-t', type, ...size, ...form, '-N', passphrase, '-C', '', '-f', path]);
  const publicLine = readFileSync(`${path}.pub`, 'latin1').trim();
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', `${path}.pub`], { encoding: 'latin1' }).split(' ');
  return { type, path, publicLine, fingerprint };
}

/** Has `ca` sign a key; the certificate lies beside it as `-cert.pub`. Either for the account `user`, or for the machine `host`. */
export function certify(ca: KeyPair, key: KeyPair, { user, host }: { user?: string; host?: string }): string {
  const whom = host === undefined ? ['-n', user ?? ''] : ['-h', '-n', host];
  execFileSync('ssh-keygen', ['-q', '-s', ca.path, '-I', 'test', ...whom, `${key.path}.pub`]);
  return `${key.path}-cert.pub`;
}
