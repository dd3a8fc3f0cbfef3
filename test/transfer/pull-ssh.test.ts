import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { OpenSshHost } from '../../src/host/openssh.ts';
import { SshHost } from '../../src/host/ssh.ts';
import { blackHole } from '../kit/black-hole.ts';
import { openSshOptions } from '../kit/openssh-options.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { sshOptions } from '../kit/ssh-options.ts';
import { slowWire } from '../kit/slow-wire.ts';
import { startSshd, type Sshd } from '../kit/sshd.ts';
import { growNastyTree } from '../kit/tree.ts';
import { afterBytes } from './after-bytes.ts';
import { fingerprint } from './fingerprint.ts';
import { PATH, twoPlaces, type TwoPlaces } from './two-places.ts';

const MIB = 1024 * 1024;
/** At how many bytes the line is cut. */
const CUTS = process.env['SLOW'] === '1' ? 100 : 10;
/** A file that is cut in half: 1 GiB when there is time. */
const BIG = (process.env['SLOW'] === '1' ? 1024 : 64) * MIB;

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
  it(
    'passes on that the connection was lost, and sends only the rest over the next one',
    { timeout: 300_000 },
    async () => {
      const size = BIG;
      await writeFile(join(places.tree, 'big'), randomBytes(size));
      await mkdir(join(places.tree, 'folder'));
      const cut = afterBytes(old, size / 2, () => sshd.drop());
      expect((await problemFrom(places.pull({ old: cut }))).code).toBe('connection-lost');
      const again = await places.pull({ old });
      expect(again.wireBytes).toBeLessThan(size * 0.6);
      expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    },
  );

  it(
    `cut at any byte, fails as a lost line and is finished by the next pass (F17), ${String(CUTS)} times`,
    { timeout: 600_000 },
    async () => {
      await growNastyTree(places.tree);
      await rm(join(places.tree, 'modes'), { recursive: true });
      await writeFile(join(places.tree, 'big'), randomBytes(MIB));
      const wire = await blackHole(sshd.port);
      const hostKeyPin = sshd.hostKeys[0]?.fingerprint ?? null;
      const connect = (): Promise<SshHost> =>
        SshHost.connect(sshOptions(sshd, { port: wire.port, hostKeyPin, reconnectMs: 0 }));
      const ends = new Set<string>();
      try {
        for (let seed = 1; seed <= CUTS; seed += 1) {
          await rm(places.staging, { recursive: true });
          await mkdir(places.staging, { mode: 0o700 });
          wire.cutAfter(Math.floor(1.4 * MIB * ((seed * 0.618) % 1) + 1));
          const pulled = connect().then((host) => places.pull({ old: host }));
          ends.add(await pulled.then(() => 'whole', codeOf));
          wire.cutAfter(Infinity);
          const host = await connect();
          await places.pull({ old: host });
          await host.close();
          expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
        }
        expect([...ends].filter((end) => !['connection-lost', 'host-unreachable', 'whole'].includes(end))).toEqual([]);
        expect(ends).toContain('connection-lost');
      } finally {
        await wire.close();
      }
    },
  );

  it('comes through a line of 300 ms and 10 kB a second that loses things, and is not taken for dead meanwhile (F19)', async () => {
    await writeFile(join(places.tree, 'notes'), randomBytes(40_000));
    const wire = await slowWire(sshd.port, { delayMs: 150, bytesPerSecond: 10_000, oneLostIn: 50 });
    try {
      const pin = sshd.hostKeys[0]?.fingerprint ?? null;
      const pulse = { keepaliveMs: 1000, keepaliveCount: 3 };
      const far = await SshHost.connect(
        sshOptions(sshd, { port: wire.port, hostKeyPin: pin, reconnectMs: 0, ...pulse }),
      );
      await places.pull({ old: far });
      await far.close();
      expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    } finally {
      await wire.close();
    }
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

function codeOf(error: unknown): string {
  if (error instanceof ProblemError) return error.problem.code;
  throw error;
}
