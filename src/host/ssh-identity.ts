import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import ssh2, { type ParsedKey } from 'ssh2';

/** What a private key file turned out to be. `locked` is encrypted; `half` is a public key, whose other half an agent may hold. */
export type Identity =
  | { readonly path: string; readonly state: 'open'; readonly publicKey: ParsedKey; readonly privateKey: ParsedKey }
  | { readonly path: string; readonly state: 'locked'; readonly publicKey: ParsedKey | null; readonly text: Buffer }
  | { readonly path: string; readonly state: 'half'; readonly publicKey: ParsedKey }
  | { readonly path: string; readonly state: 'faulty'; readonly reason: string }
  /** A private key, but in a form that only OpenSSH reads. */
  | { readonly path: string; readonly state: 'foreign' };

/** What a private key may be encrypted with for ssh2 to open it. */
const CIPHERS = /^(?:aes(?:128|192|256)-(?:cbc|ctr|gcm)(?:@openssh\.com)?|3des-cbc)$/;
const PRIVATE = /^-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/m;
const MAGIC = Buffer.from('openssh-key-v1\0');

/**
 * Reads a key file. Read-only; null when there is none at that path. What cannot be read or is no key is `faulty`, with the
 * reason; nothing is thrown.
 */
export async function readIdentity(path: string): Promise<Identity | null> {
  let text: Buffer;
  try {
    text = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? null
      : { path, state: 'faulty', reason: `cannot be read (${code})` };
  }
  const key = parse(text, null);
  const isPrivate = key ? key.isPrivateKey() : lockedHalf(text) !== null;
  const others = isPrivate ? await othersMayRead(path) : null;
  if (others !== null)
    return { path, state: 'faulty', reason: `can be read by others (mode ${others}), so that ssh does not use it` };
  if (key) {
    return key.isPrivateKey()
      ? { path, state: 'open', publicKey: key, privateKey: key }
      : { path, state: 'half', publicKey: key };
  }
  const locked = lockedHalf(text);
  if (locked?.cipher != null && !CIPHERS.test(locked.cipher)) return { path, state: 'foreign' };
  if (!locked && PRIVATE.test(text.toString('latin1'))) return { path, state: 'foreign' };
  if (!locked) return { path, state: 'faulty', reason: 'is not a private key of a kind that is known here' };
  return { path, state: 'locked', text, publicKey: locked.publicKey ?? (await readPublicHalf(`${path}.pub`)) };
}

/** The mode of a file of ours that is open to others, in octal; null where it is not, as ssh sees it. */
async function othersMayRead(path: string): Promise<string | null> {
  const { mode, uid } = await stat(path);
  return uid === userInfo().uid && (mode & 0o077) !== 0 ? (mode & 0o777).toString(8) : null;
}

/** The private key behind `passphrase`; null when that is not the right one. Takes the half second that the key asks for. */
export function unlock(text: Buffer, passphrase: string): ParsedKey | null {
  const key = parse(text, passphrase);
  return key?.isPrivateKey() ? key : null;
}

/** ssh2 returns its errors, throws some, and tells them apart by English only; what an encrypted key is we see for ourselves. */
function parse(text: Buffer, passphrase: string | null): ParsedKey | null {
  try {
    const parsed: ParsedKey | Error | ParsedKey[] =
      passphrase === null ? ssh2.utils.parseKey(text) : ssh2.utils.parseKey(text, passphrase);
    const [key] = [parsed].flat();
    return key === undefined || key instanceof Error ? null : key;
  } catch {
    return null;
  }
}

/** The type of the key in a private file of OpenSSH's own form, which stands there unencrypted; null for any other text. Pure. */
export function keyTypeIn(text: Buffer): string | null {
  const publicHalf = openSshKey(text)?.publicHalf;
  if (!publicHalf || publicHalf.length < 4) return null;
  return publicHalf.subarray(4, 4 + publicHalf.readUInt32BE(0)).toString('latin1');
}

function lockedHalf(text: Buffer): { publicKey: ParsedKey | null; cipher: string | null } | null {
  if (/^(?:Proc-Type: 4,ENCRYPTED|Encryption: (?!none)\S+)/m.test(text.toString('latin1')))
    return { publicKey: null, cipher: null };
  const found = openSshKey(text);
  if (!found || found.cipher === 'none') return null;
  return { publicKey: parse(found.publicHalf, null), cipher: found.cipher };
}

function openSshKey(text: Buffer): { cipher: string; publicHalf: Buffer } | null {
  const [, base64] =
    /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(text.toString('latin1')) ?? [];
  if (base64 === undefined) return null;
  const body = Buffer.from(base64, 'base64');
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const [cipher, , , publicHalf] = fields(body.subarray(MAGIC.length));
  return cipher && publicHalf ? { cipher: cipher.toString('latin1'), publicHalf } : null;
}

/** Cipher, key derivation, its options; then, behind the number of keys, the first public one. */
function fields(body: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  while (found.length < 4) {
    if (found.length === 3) at += 4;
    if (at + 4 > body.length) return [];
    const length = body.readUInt32BE(at);
    found.push(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

async function readPublicHalf(path: string): Promise<ParsedKey | null> {
  const text = await readFile(path).catch(() => null);
  return text && parse(text, null);
}
