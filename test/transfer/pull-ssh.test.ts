import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OpenSshHost } from '../../src/host/openssh.ts';
import { SshHost } from '../../src/host/ssh.ts';
import { openSshOptions } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { startSshd, type Sshd } from '../kit/sshd.ts';
import { growNastyTree } from '../kit/tree.ts';
import { afterBytes } from './after-bytes.ts';
import { fingerprint } from './fingerprint.ts';
import { PATH, twoPlaces, type TwoPlaces } from './two-places.ts';

const MIB = 1024 * 1024;

let places: TwoPlaces;
let sshd: Sshd;
let old: SshHost;
beforeEach(async () => {
  places = await twoPlaces();
  sshd = await startSshd({ env: { PATH } });
  old = await SshHost.connect(sshOptions(sshd));
});
afterEach(async () => {
  await old.close();
  await sshd.stop();
  expect(await readdir(places.runtime)).toEqual([]);
  await places.remove();
});

describe('pull over a real SSH server', () => {
  it('copies a tree of every kind of name and link, and nothing again', async () => {
    await growNastyTree(places.tree);
    // setuid, setgid and sticky are dropped, and directories become workable: that is for the test of modes
    await rm(join(places.tree, 'modes'), { recursive: true });
    await places.pull({ old });
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    expect(await places.pull({ old })).toMatchObject({ files: 0, partial: false, errors: [] });
  });

  it('copies it through the ssh of this machine as well', async () => {
    await growNastyTree(places.tree);
    await rm(join(places.tree, 'modes'), { recursive: true });
    const other = await OpenSshHost.connect(openSshOptions(sshd));
    await places.pull({ old: other });
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    expect(await places.pull({ old: other })).toMatchObject({ files: 0, partial: false, errors: [] });
    await other.close();
  });

  it('says that the source is gone', async () => {
    await rm(places.tree, { recursive: true });
    expect((await problemFrom(places.pull({ old }))).code).toBe('source-gone');
  });

  it('says that there is no rsync', async () => {
    const seen = await problemFrom(places.pull({ old, rsyncOld: { path: '/nowhere/rsync', version: null } }));
    expect(seen.code).toBe('transfer-failed');
    expect(seen.message).toContain('exit code 127');
  });

  // F17, F23
  it('passes on that the connection was lost, and sends only the rest over the next one', async () => {
    const size = 64 * MIB;
    await writeFile(join(places.tree, 'big'), randomBytes(size));
    await mkdir(join(places.tree, 'folder'));
    const cut = afterBytes(old, size / 2, () => sshd.drop());
    expect((await problemFrom(places.pull({ old: cut }))).code).toBe('connection-lost');
    const again = await places.pull({ old });
    expect(again.wireBytes).toBeLessThan(size * 0.6);
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
  });

  it('leaves the connection usable when it is aborted', async () => {
    await writeFile(join(places.tree, 'big'), randomBytes(32 * MIB));
    const abort = new AbortController();
    const stopped = afterBytes(old, 8 * MIB, () => abort.abort(new Error('enough')));
    await expect(places.pull({ old: stopped, signal: abort.signal })).rejects.toThrow('enough');
    await places.pull({ old });
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
  });
});
