import { execFileSync } from 'node:child_process';
import { chmod, mkdir, statfs, symlink } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freeBytesIn, freeInodesIn, measure } from '../../src/checks/measure.ts';
import { clock, Machine, snapshot } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

const uid = process.getuid?.() ?? 0;

function look(...paths: string[]) {
  return measure(machine.host(), paths, { clock });
}

describe('a directory', () => {
  test('is measured with what is in it and where a copy beside it would lie, and stays as it was', async () => {
    await machine.file('data/a', 'x'.repeat(1000));
    await machine.file('data/.b/c', 'x'.repeat(500));
    const before = await snapshot(machine.root);
    const dir = path.join(machine.home, 'data');
    const [facts] = await look(dir);
    expect(facts).toMatchObject({
      path: dir,
      realPath: dir,
      exists: true,
      entries: 4,
      ownerUid: uid,
      isMount: false,
      unreadable: [],
    });
    expect(facts?.bytes).toBeGreaterThanOrEqual(1500);
    expect(facts?.parent).toMatchObject({ path: machine.home, writable: true });
    const { bavail, bsize } = await statfs(machine.home);
    expect(facts?.parent.freeBytes).toBeGreaterThan(bavail * bsize * 0.9);
    expect(facts?.parent.freeBytes).toBeLessThan(bavail * bsize * 1.1);
    expect(await snapshot(machine.root)).toEqual(before);
  });

  test('that does not exist has the nearest directory above as its parent', async () => {
    const dir = path.join(machine.home, 'no/such/dir');
    const [facts] = await look(dir);
    expect(facts).toMatchObject({ path: dir, realPath: dir, exists: false, entries: 0, bytes: 0, ownerUid: null });
    expect(facts?.parent).toMatchObject({ path: machine.home, writable: true });
  });

  test('behind a symlink is measured where it really is', async () => {
    await machine.file('disk/real/x', 'x');
    await symlink('disk/real', path.join(machine.home, 'link'));
    const [facts] = await look(path.join(machine.home, 'link'));
    expect(facts).toMatchObject({
      path: path.join(machine.home, 'link'),
      realPath: path.join(machine.home, 'disk/real'),
      parent: { path: path.join(machine.home, 'disk') },
    });
  });

  test('may have something in its way that is none', async () => {
    const file = await machine.file('file', 'xyz');
    await symlink('nowhere', path.join(machine.home, 'dangling'));
    const [there, below, dangling] = await look(file, path.join(file, 'below'), path.join(machine.home, 'dangling'));
    expect(there).toMatchObject({ exists: true, entries: 1, bytes: 3 });
    expect(below).toMatchObject({ exists: false, parent: { path: machine.home, writable: false } });
    expect(dangling).toMatchObject({ exists: true, entries: 1, bytes: 0 });
  });

  test('may be called anything (F55)', async () => {
    const paths = ['a b', "'", '-n', '$(id)', 'new\nline', 'end\n'].map((name) => path.join(machine.home, name));
    for (const dir of paths) await mkdir(dir);
    const facts = await look(...paths);
    expect(facts.map(({ path: dir, realPath, exists, entries }) => ({ dir, realPath, exists, entries }))).toEqual(
      paths.map((dir) => ({ dir, realPath: dir, exists: true, entries: 1 })),
    );
  });

  test('that is a mount point is told as one, even of the same file system', async () => {
    await mkdir(path.join(machine.home, 'bound'));
    const dir = path.join(machine.home, 'bound');
    const program = 'mount --bind "$1" "$1" && shift && exec "$@"';
    const host = machine.host();
    const inside = {
      label: host.label,
      close: () => host.close(),
      spawn: (argv: readonly string[], options?: object) =>
        host.spawn(
          ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', program, 'sh', dir, ...argv],
          options,
        ),
    };
    const [facts, proc] = await measure(inside, [dir, '/proc'], { clock });
    expect([facts?.isMount, proc?.isMount]).toEqual([true, true]);
  });

  test('without the right to write beside it says so (F65)', async () => {
    await mkdir(path.join(machine.home, 'closed'));
    await chmod(path.join(machine.home, 'closed'), 0o555);
    await chmod(machine.root, 0o755);
    const host = machine.host();
    const become = uid === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const nobody = {
      label: host.label,
      close: () => host.close(),
      spawn: (argv: readonly string[], options?: object) => host.spawn([...become, ...argv], options),
    };
    const [facts] = await measure(nobody, [path.join(machine.home, 'closed/x')], { clock });
    expect(facts?.parent).toMatchObject({ path: path.join(machine.home, 'closed'), writable: false });
  });
});

test('nothing to measure asks nothing', async () => {
  expect(await look()).toEqual([]);
});

test('a machine that measures something else is survey-failed', async () => {
  const host = machine.host();
  const liar = {
    label: 'old machine',
    close: () => host.close(),
    spawn: () => host.spawn(['printf', 'dir\\0/other\\0dir.parent\\0/\\0end\\0ok\\0']),
  };
  await expect(measure(liar, ['/asked'], { clock })).rejects.toMatchObject({ problem: { code: 'survey-failed' } });
});

describe('df', () => {
  test('of this machine is read', () => {
    const text = execFileSync('df', ['-P', '-k', '/'], { encoding: 'utf8' });
    expect(freeBytesIn(text)).toBeGreaterThan(0);
  });

  test.each([
    ['Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 40 60 40% /\n', 60 * 1024],
    [
      'Filesystem 1024-blocks Used Available Capacity Mounted on\n//srv/my share 100 40 60 40% /mnt/my 7 share\n',
      60 * 1024,
    ],
    [
      'Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/mapper/a-very-long-name\n      100 40 60 40% /data\n',
      60 * 1024,
    ],
    ['Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 100 -5 105% /\n', 0],
    ['df: no such thing\n', null],
    ['', null],
  ])('%j gives %s bytes free', (text, free) => {
    expect(freeBytesIn(text)).toBe(free);
  });

  test.each([
    ['Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/a 1000 400 600 40% /\n', 600],
    ['Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/btrfs 0 0 0 - /\n', null],
    [
      'Filesystem 512-blocks Used Available Capacity iused ifree %iused  Mounted on\n/dev/disk1s1 976490576 100 200 1% 488463 4881964417 0%   /System/Volumes/Data\n',
      4881964417,
    ],
    ['df: unknown option\n', null],
  ])('%j gives %s inodes free', (text, free) => {
    expect(freeInodesIn(text)).toBe(free);
  });

  test('of any text is a number or nothing (F124)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const free of [freeBytesIn(text), freeInodesIn(text), freeBytesIn(`x\n${text} /`)]) {
          expect(free === null || (Number.isFinite(free) && free >= 0)).toBe(true);
        }
      }),
    );
  });
});
