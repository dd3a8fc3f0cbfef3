import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { readCredentialFile } from './secret-file.ts';
import type { Surroundings } from './surroundings.ts';

/** What systemd hands to a unit (`LoadCredential=`, `SetCredentialEncrypted=`), by the names that the README gives. */
const FILES = { password: 'neo-pull-password', passphrase: 'neo-pull-passphrase', identity: 'ssh_key' } as const;

/** Where this unit's credential lies; null when it has none of that name, or this is no unit. Read-only. */
export function credentialAt({ env }: Pick<Surroundings, 'env'>, which: keyof typeof FILES): string | null {
  const folder = env['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || !isAbsolute(folder)) return null;
  const path = join(folder, FILES[which]);
  return existsSync(path) ? path : null;
}

/** The secret in that credential, null without one. Throws `option-invalid` as `readSecretFile` does. */
export async function credential(
  around: Pick<Surroundings, 'env'>,
  which: 'password' | 'passphrase',
): Promise<string | null> {
  const path = credentialAt(around, which);
  return path === null ? null : readCredentialFile(path);
}
