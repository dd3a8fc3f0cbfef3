import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIdentity } from '../../src/host/ssh-identity.ts';
import { Keyring, KeyOnOffer, NotSigned } from '../../src/host/ssh-keyring.ts';
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
    const data = Buffer.from('data');
    const signedBy = async (hash?: string): Promise<unknown> => {
      const once = new KeyOnOffer(offer);
      // As ssh2 does: the first time for what is wanted, the second time for the signature.
      expect(once.key.sign(data, hash)).toBeInstanceOf(NotSigned);
      return (await once.sign()) ? once.key.sign(data, hash) : 'not signed';
    };
    expect(await signedBy('sha1')).toBe('not signed');
    expect(await signedBy()).toBe('not signed');
    expect(offer.publicKey.verify(data, (await signedBy('sha256')) as Buffer, 'sha256')).toBe(true);
    expect(offer.publicKey.verify(data, (await signedBy('sha512')) as Buffer, 'sha512')).toBe(true);
  });

  it('sign nothing but what was wanted when they were offered', async () => {
    const path = makeKey(folder, 'other').path;
    const [offer] = await new Keyring({ identities: [path], agent: null, passphrase: null }).offers(null);
    if (!offer) throw new Error('nothing offered');
    const key = new KeyOnOffer(offer);
    expect(await key.sign()).toBe(false);
    expect(key.key.sign(Buffer.from('one'))).toBeInstanceOf(NotSigned);
    expect(await key.sign()).toBe(true);
    expect(key.key.sign(Buffer.from('another'))).toBeInstanceOf(NotSigned);
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
