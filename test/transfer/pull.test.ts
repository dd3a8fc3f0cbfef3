import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stagedMode } from '../../src/core/modes.ts';
import { runOk } from '../../src/host/run.ts';
import type { PullProgress } from '../../src/transfer/pull.ts';
import { NASTY_NAMES } from '../kit/tree.ts';
import { fingerprint } from './fingerprint.ts';
import { twoPlaces, type TwoPlaces } from './two-places.ts';

let places: TwoPlaces;
beforeEach(async () => (places = await twoPlaces()));
afterEach(() => places.remove());

const tree = (name: string) => join(places.tree, name);
const staging = (name: string) => join(places.staging, name);

async function inParallel(names: Iterable<string>, act: (name: string) => Promise<unknown>): Promise<void> {
  await Promise.all([...names].map(act));
}

describe('pull', () => {
  // F55, F119
  it('copies every name that a file can have', async () => {
    for (const name of NASTY_NAMES) {
      await writeFile(Buffer.concat([Buffer.from(`${places.tree}/`), name]), name);
      await mkdir(Buffer.concat([Buffer.from(`${places.tree}/d`), name.subarray(0, 254)]));
    }
    const stats = await places.pull();
    expect(stats).toMatchObject({ files: NASTY_NAMES.length, deleted: 0, partial: false, errors: [] });
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    expect(await readdir(places.runtime)).toEqual([]);
  });

  it('keeps hard links, symlinks as they are, and times to the nanosecond', async () => {
    await writeFile(tree('one'), 'x');
    await link(tree('one'), tree('two'));
    await symlink('/etc/passwd', tree('absolute'));
    await symlink('../../outside', tree('upwards'));
    await symlink('nowhere', tree('dangling'));
    await mkdir(tree('empty'));
    await runOk(places.local, ['touch', '-h', '-d', '2021-03-04 05:06:07.123456789', tree('one'), tree('absolute')]);
    await runOk(places.local, ['touch', '-d', '1901-12-14 00:00:00', tree('empty')]);
    await places.pull();
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
    expect((await lstat(staging('one'), { bigint: true })).mtimeNs % 1_000_000_000n).toBe(123_456_789n);
    expect((await lstat(staging('one'))).ino).toBe((await lstat(staging('two'))).ino);
  });

  // F46
  it('leaves out sockets and FIFOs without a word', async () => {
    await writeFile(tree('file'), 'x');
    await runOk(places.local, ['mkfifo', tree('fifo')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(tree('socket'), resolve));
    const stats = await places.pull();
    server.close();
    expect(stats.errors).toEqual([]);
    expect(await readdir(places.staging)).toEqual(['file']);
  });

  // F46
  it('gives every mode as stagedMode says: no setuid, setgid, sticky, and directories that can be worked in', async () => {
    const wanted = new Map<string, number>();
    // every seventh mode: each pair of bits in each of its four states
    for (let mode = 0; mode <= 0o7777; mode += 7) {
      wanted.set(`f${mode}`, stagedMode(mode, false)).set(`d${mode}`, stagedMode(mode, true));
    }
    await inParallel(wanted.keys(), async (name) => {
      await (name.startsWith('f') ? writeFile(tree(name), '') : mkdir(tree(name)));
      await chmod(tree(name), Number(name.slice(1)));
    });
    await places.pull();
    const seen = new Map(wanted);
    await inParallel(wanted.keys(), async (name) => seen.set(name, (await lstat(staging(name))).mode & 0o7777));
    expect(seen).toEqual(wanted);
    expect((await places.pull()).files).toBe(0);
  });

  it('sends next to nothing in a second pass, and only what changed in a third', async () => {
    for (let n = 0; n < 200; n += 1) await writeFile(tree(`f${n}`), randomBytes(4096));
    await places.pull();
    const second = await places.pull();
    expect(second).toMatchObject({ files: 0, bytes: 0 });
    expect(second.wireBytes).toBeLessThan(200 * 64);
    await writeFile(tree('f7'), 'changed');
    expect(await places.pull()).toMatchObject({ files: 1, bytes: 7 });
  });

  // F83: same size, same second, other nanoseconds
  it('sees a change that only the nanoseconds of its time show', async () => {
    await writeFile(tree('f'), 'aaaa');
    await runOk(places.local, ['touch', '-d', '2021-03-04 05:06:07.1', tree('f')]);
    await places.pull();
    await writeFile(tree('f'), 'bbbb');
    await runOk(places.local, ['touch', '-d', '2021-03-04 05:06:07.2', tree('f')]);
    await places.pull();
    expect(await readFile(staging('f'), 'latin1')).toBe('bbbb');
  });

  // F83: nothing but the content differs
  it('compares by content when asked to', async () => {
    await writeFile(tree('f'), 'aaaa');
    await utimes(tree('f'), 1000, 1000);
    await places.pull();
    await writeFile(staging('f'), 'bbbb');
    await utimes(staging('f'), 1000, 1000);
    expect((await places.pull()).files).toBe(0);
    expect((await places.pull({ checksum: true })).files).toBe(1);
    expect(await readFile(staging('f'), 'latin1')).toBe('aaaa');
  });

  it('deletes in staging what is gone on the old machine, and only when asked to', async () => {
    await writeFile(tree('stays'), 'x');
    await mkdir(tree('goes'));
    await writeFile(tree('goes/too'), 'x');
    await places.pull();
    await rm(tree('goes'), { recursive: true });
    expect(await places.pull({ delete: null })).toMatchObject({ deleted: 0 });
    expect(await places.pull()).toMatchObject({ deleted: 2 });
    expect(await readdir(places.staging)).toEqual(['stays']);
  });

  // F50
  it('does not delete what its filters leave out, and does not copy it', async () => {
    await mkdir(tree('logs'));
    await writeFile(tree('logs/a'), 'x');
    await mkdir(staging('logs'));
    await writeFile(staging('logs/b'), 'y');
    await places.pull({ filters: ['--filter=-p /logs/'] });
    expect(await readdir(staging('logs'))).toEqual(['b']);
  });

  it('counts and copies nothing in a dry run', async () => {
    await writeFile(tree('f'), 'four');
    await writeFile(staging('g'), 'x');
    expect(await places.pull({ dryRun: true })).toMatchObject({ files: 1, bytes: 4, deleted: 1 });
    expect(await readdir(places.staging)).toEqual(['g']);
  });

  it('takes over a file that became a directory and a directory that became a link', async () => {
    await writeFile(tree('a'), 'x');
    await mkdir(tree('b'));
    await writeFile(tree('b/c'), 'x');
    await places.pull();
    await rm(tree('a'));
    await mkdir(tree('a'));
    await rename(tree('b'), tree('moved'));
    await symlink('/etc', tree('b'));
    await places.pull();
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
  });

  it('tells progress with bytes, entries and the line', async () => {
    await writeFile(tree('big'), randomBytes(8 * 1024 * 1024));
    const seen: PullProgress[] = [];
    const stats = await places.pull({ bwlimitKiBps: 4096, onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.every((each, at) => at === 0 || each.bytes >= (seen[at - 1]?.bytes ?? 0))).toBe(true);
    const last = seen.at(-1);
    expect(last?.bytes).toBeGreaterThan(0);
    expect(last?.wireBytes).toBeGreaterThan(0);
    expect(stats.wireBytes).toBeGreaterThanOrEqual(8 * 1024 * 1024);
  });

  it('has files on the disk before they get their name when asked to', async () => {
    await writeFile(tree('f'), 'x');
    expect(await places.pull({ fsync: true })).toMatchObject({ files: 1 });
  });

  it('is not led astray by the environment or another working directory', async () => {
    await writeFile(tree(' f'), 'x');
    const misled = await twoPlaces({
      RSYNC_RSH: '/bin/false',
      RSYNC_OLD_ARGS: '1',
      RSYNC_ICONV: 'utf8,latin1',
      LC_ALL: 'tr_TR',
    });
    try {
      await places.pull({ local: misled.local, old: misled.old });
    } finally {
      await misled.remove();
    }
    expect(await readdir(places.staging)).toEqual([' f']);
  });
});

describe('pull of named places only', () => {
  const only = (...paths: (string | Buffer)[]) => paths.map((path) => Buffer.from(path as Buffer));

  it('brings exactly those up to date: what is new, changed, moved or gone, a directory with all that is in it', async () => {
    await mkdir(tree('dir/sub'), { recursive: true });
    for (const name of ['kept', 'gone', 'changed', 'dir/one', 'dir/sub/two']) await writeFile(tree(name), name);
    await places.pull();
    await rm(tree('gone'));
    await writeFile(tree('changed'), 'anew');
    await writeFile(tree('elsewhere'), 'not told');
    await rename(tree('dir/sub'), tree('moved'));
    await rm(tree('dir/one'));
    const stats = await places.pull({ only: only('gone', 'changed', 'dir', 'moved') });
    expect(stats).toMatchObject({ files: 2, deleted: 4, partial: false });
    expect((await readdir(places.staging, { recursive: true })).sort()).toEqual(
      ['changed', 'dir', 'kept', 'moved', 'moved/two'].sort(),
    );
    await places.pull();
    expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
  });

  it('keeps the times of the directories that lie above what is named', async () => {
    await mkdir(tree('a/b/c'), { recursive: true });
    await places.pull();
    await writeFile(tree('a/b/c/new'), 'x');
    await runOk(places.local, ['touch', '-d', '2020-01-02 03:04:05.678', tree('a/b'), tree('a')]);
    await places.pull({ only: only('a/b/c/new') });
    expect(await fingerprint(tree('a'))).toEqual(await fingerprint(staging('a')));
  });

  // F25, F41, F55
  it('takes every name that a file can have, also one that looks like a comment or a pattern', async () => {
    const names = [...NASTY_NAMES, ...['#1', ';2', '-v', '[a]', '*', '?', '~', '#'].map((name) => Buffer.from(name))];
    const unique = [...new Map(names.map((name) => [name.toString('latin1'), name])).values()];
    await places.pull();
    for (const name of unique) await writeFile(Buffer.concat([Buffer.from(`${places.tree}/`), name]), name);
    expect(await places.pull({ only: unique })).toMatchObject({ files: unique.length, partial: false });
    // The time of the root itself is for a full pass.
    const [there, here] = await Promise.all([fingerprint(places.tree), fingerprint(places.staging)]);
    expect([...here].filter(([name]) => name !== '')).toEqual([...there].filter(([name]) => name !== ''));
    for (const name of unique) await rm(Buffer.concat([Buffer.from(`${places.tree}/`), name]));
    expect(await places.pull({ only: unique })).toMatchObject({ deleted: unique.length });
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('takes nothing that the filters leave out, though it is named', async () => {
    await mkdir(tree('cache'));
    await writeFile(tree('cache/file'), 'x');
    const named = places.pull({ only: only('cache', 'cache/file'), filters: ['--filter=-p /cache'] });
    await expect(named).rejects.toMatchObject({ problem: { code: 'transfer-failed' } });
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('deletes no more than may be deleted', async () => {
    await mkdir(tree('many'));
    for (let n = 0; n < 20; n += 1) await writeFile(tree(`many/${n}`), '');
    await places.pull();
    await rm(tree('many'), { recursive: true });
    await expect(places.pull({ only: only('many'), delete: { max: 5 } })).rejects.toMatchObject({
      problem: { code: 'mass-deletion' },
    });
  });

  it('goes down no path that leads out of the root', async () => {
    for (const path of ['../x', '/etc', 'a/../../x', './a', 'a//b', '']) {
      await expect(places.pull({ only: only(path) })).rejects.toThrow(TypeError);
    }
  });
});
