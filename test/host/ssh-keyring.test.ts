import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIdentity } from '../../src/host/ssh-identity.ts';
import { Keyring, OfferedKeys } from '../../src/host/ssh-keyring.ts';
import { makeKey } from '../kit/ssh-keys.ts';

describe('the keys that are offered', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'np-keys-'))));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  // F33
  it('sign by SHA-2 and never by SHA-1, which ssh2 falls back to with a server that names nothing better', async () => {
    const path = makeKey(folder, 'rsa', { type: 'rsa' }).path;
    const offers = await new Keyring({ identities: [path], agent: null, passphrase: null }).offers(null);
    const [offer] = offers;
    if (!offer) throw new Error('nothing offered');
    const keys = new OfferedKeys(offers);
    const sign = (hash: 'sha1' | 'sha256' | undefined): Promise<string> =>
      new Promise((resolve) => {
        keys.sign(offer.publicKey, Buffer.from('data'), hash ? { hash } : {}, (error) =>
          resolve(error?.message ?? 'signed'),
        );
      });
    expect(await sign('sha1')).toBe('a signature by SHA-1');
    expect(await sign(undefined)).toBe('a signature by SHA-1');
    expect(keys.signed).toEqual([]);
    expect(await sign('sha256')).toBe('signed');
    expect(keys.signed).toEqual([`key ${path}`]);
  });

  it('are known from their files: open, locked with the public half in sight, half, faulty, or not there', async () => {
    const open = makeKey(folder, 'open').path;
    const locked = makeKey(folder, 'locked', { passphrase: 'open sesame' }).path;
    rmSync(`${locked}.pub`);
    expect(await readIdentity(open)).toMatchObject({ state: 'open' });
    const read = await readIdentity(locked);
    expect(read).toMatchObject({ state: 'locked' });
    expect(read?.state === 'locked' && read.publicKey?.getPublicSSH().length).toBe(51);
    expect(await readIdentity(`${open}.pub`)).toMatchObject({ state: 'half' });
    expect(await readIdentity(join(folder, 'none'))).toBeNull();
    expect(readFileSync(open, 'latin1')).toContain('OPENSSH PRIVATE KEY');
  });
});
