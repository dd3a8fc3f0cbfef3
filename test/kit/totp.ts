import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A generator of one-time codes, and what the other side needs to check them. */
export interface Totp {
  /** PAM lines that ask for a code; the secret lies in the file given. */
  readonly pam: readonly string[];
  /** The code of this half minute. */
  code(): string;
}

/** Makes a secret in `file`, which is root's (root only). */
export function makeTotp(file: string): Totp {
  const key = randomBytes(20);
  const bits = [...key].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const secret = (bits.match(/.{5}/g) ?? []).map((five) => BASE32[parseInt(five, 2)]).join('');
  writeFileSync(file, `${secret}\n" TOTP_AUTH\n`, { mode: 0o600 });
  return {
    pam: [`auth required pam_google_authenticator.so secret=${file} user=root`],
    code: () => {
      const counter = Buffer.alloc(8);
      counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
      const mac = createHmac('sha1', key).update(counter).digest();
      const at = (mac.at(-1) ?? 0) & 0xf;
      return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
    },
  };
}
