import { link, lstat, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXCLUDE_TABLE, toRsyncFilters } from '../../src/core/exclude.ts';
import { onlyFilesFilters } from '../../src/core/only-files.ts';
import { runOk } from '../../src/host/run.ts';
import { speaksPlainly } from '../../src/transfer/rsync-version.ts';
import { installOpenrsync } from '../kit/openrsync.ts';
import { twoPlaces, type TwoPlaces } from './two-places.ts';

let places: TwoPlaces;
let rsyncOld: { path: string; version: string; flavour: 'openrsync' };
beforeEach(async () => {
  places = await twoPlaces();
  rsyncOld = { path: join(places.folder, 'openrsync'), version: '2.6.9', flavour: 'openrsync' };
  installOpenrsync(rsyncOld.path);
});
afterEach(() => places.remove());

const tree = (name: string) => join(places.tree, name);
const staging = (name: string) => join(places.staging, name);

// F118
describe('an old machine with openrsync', () => {
  it('refuses what other senders are asked for, so that the test would see it', async () => {
    await expect(places.pull({ rsyncOld: { path: rsyncOld.path, version: '3.2.7' } })).rejects.toMatchObject({
      problem: { code: 'transfer-failed', message: expect.stringContaining('unrecognized option') as string },
    });
  });

  it('sends a tree with its links, hard links and times in whole seconds, asked for nothing that it does not know', async () => {
    await mkdir(tree('d/empty'), { recursive: true });
    await writeFile(tree('one'), 'x'.repeat(100_000));
    await link(tree('one'), tree('d/two'));
    await symlink('nowhere', tree('dangling'));
    await writeFile(tree('a name with $(touch pwned) and ünïcode'), 'y');
    await runOk(places.local, ['touch', '-d', '2021-03-04 05:06:07.987654321', tree('one')]);
    const stats = await places.pull({ rsyncOld, bwlimitKiBps: 100_000 });
    expect(stats).toMatchObject({ files: 2, errors: [], partial: false });
    expect((await readdir(places.staging)).sort()).toEqual((await readdir(places.tree)).sort());
    expect((await lstat(staging('one'))).ino).toBe((await lstat(staging('d/two'))).ino);
    const sent = (await lstat(staging('one'), { bigint: true })).mtimeNs;
    expect(sent).toBe(BigInt(Date.parse('2021-03-04T05:06:07Z')) * 1_000_000n);
    expect(await readFile(`${rsyncOld.path}.asked`, 'utf8')).toMatch(/^--server --sender -[a-zA-Z]+ .*\. \.\/ $/m);
  });

  it('sees by content what changed within one second', async () => {
    await writeFile(tree('f'), 'old');
    await utimes(tree('f'), 1_700_000_000, 1_700_000_000.25);
    await places.pull({ rsyncOld });
    await writeFile(tree('f'), 'new');
    await utimes(tree('f'), 1_700_000_000, 1_700_000_000.75);
    await places.pull({ rsyncOld, checksum: true });
    expect(await readFile(staging('f'), 'utf8')).toBe('new');
  });

  it('leaves out what is to be left out, and what is gone there goes here, with what was left out of it', async () => {
    const filters = toRsyncFilters(EXCLUDE_TABLE, 'state', ['workspace']);
    await mkdir(tree('workspace/logs'), { recursive: true });
    await mkdir(tree('logs'));
    for (const name of ['workspace/logs/kept', 'logs/left', 'kept', 'going']) await writeFile(tree(name), name);
    await places.pull({ rsyncOld, filters });
    expect((await readdir(places.staging)).sort()).toEqual(['going', 'kept', 'workspace']);
    expect(await readdir(staging('workspace/logs'))).toEqual(['kept']);
    await rm(tree('going'));
    expect(await places.pull({ rsyncOld, filters })).toMatchObject({ deleted: 1 });
    expect((await readdir(places.staging)).sort()).toEqual(['kept', 'workspace']);
  });

  it('sends single files and no others, and one that is no longer asked for goes', async () => {
    for (const name of ['a', 'b', 'c']) await writeFile(tree(name), name);
    await places.pull({ rsyncOld, filters: onlyFilesFilters(['a', 'b']) });
    expect((await readdir(places.staging)).sort()).toEqual(['a', 'b']);
    await places.pull({ rsyncOld, filters: onlyFilesFilters(['a']) });
    expect(await readdir(places.staging)).toEqual(['a']);
  });
});

describe('speaksPlainly', () => {
  it.each([
    [{ version: null, flavour: 'openrsync' as const }, true],
    [{ version: '2.6.9', flavour: 'openrsync' as const }, true],
    [{ version: '2.6.9' }, true],
    [{ version: '3.0.9', flavour: 'gnu' as const }, true],
    [{ version: '3.1.0' }, false],
    [{ version: '3.5.0', flavour: 'gnu' as const }, false],
    [{ version: '10.0.1' }, false],
    [{ version: null }, false],
  ])('of %j is %s', (rsync, plainly) => {
    expect(speaksPlainly(rsync)).toBe(plainly);
  });
});
