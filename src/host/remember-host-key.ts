import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hashedName } from './known-hosts.ts';
import { type HostKeySources, nameOf, type TrustedHostKey } from './host-key.ts';

/**
 * Adds a key to a known_hosts file: one write at its end, which no other writer can come between. Creates the file (0600) and its
 * folder (0700) where there is none. Repeating it adds a second, harmless line. Rejects with the error of the file system.
 */
export async function rememberHostKey(
  file: string,
  place: Pick<HostKeySources, 'host' | 'port' | 'hostKeyName' | 'hashesNames'>,
  { keyType, key }: TrustedHostKey,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const gap = size > 0 && last.toString() !== '\n' ? '\n' : '';
    const name = place.hashesNames === true ? hashedName(nameOf(place)) : nameOf(place);
    await handle.write(`${gap}${name} ${keyType} ${key.toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
