import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { seekGone } from '../../src/steps/seek-gone.ts';
import { sparingly } from '../../src/steps/sparing.ts';
import type { PullOptions, PullStats } from '../../src/transfer/pull.ts';
import { makeFollowerLab } from '../kit/follower-lab.ts';
import { forgetfulRsync } from '../kit/forgetful-rsync.ts';
import { waitFor } from '../kit/wait.ts';
import { fingerprint } from '../transfer/fingerprint.ts';
import { RSYNC, twoPlaces, type TwoPlaces } from '../transfer/two-places.ts';

let places: TwoPlaces;
let passes: PullOptions[];
const tree = (name: string): string => join(places.tree, name);
const staging = (name: string): string => join(places.staging, name);

beforeEach(async () => {
  places = await twoPlaces();
  passes = [];
  mkdirSync(tree('dir/sub'), { recursive: true });
  for (const name of ['top', 'other', 'dir/one', 'dir/two', 'dir/sub/three']) writeFileSync(tree(name), name);
});
afterEach(() => places.remove());

/** A pass over these names, after which what was made of it is in `passes`. */
async function seek(names: readonly string[], changes: Partial<PullOptions> = {}): Promise<PullStats> {
  const rsync = { ...RSYNC, path: forgetfulRsync(places.folder) };
  const asked = {
    ...{ old: places.old, local: places.local, oldPath: places.tree, stagingPath: places.staging },
    ...{ rsyncOld: RSYNC, rsyncNew: rsync, node: process.execPath, filters: [], checksum: false, ignoreTimes: true },
    ...{
      delete: { max: 100 },
      most: { entries: 1000, bytes: 1024 ** 3 },
      bwlimitKiBps: null,
      stallMs: 30_000,
      live: true,
      clock: systemClock,
    },
    ...{ signal: new AbortController().signal, ...changes, only: names.map((name) => Buffer.from(name)) },
  };
  return seekGone(asked, (one) => (passes.push(one), sparingly(one)));
}

async function expectAlike(): Promise<void> {
  expect(await fingerprint(places.staging)).toEqual(await fingerprint(places.tree));
}

describe('a pass over places by an rsync that cannot be told of a name that is gone', () => {
  it('deletes what is gone, directories with all in them, and leaves the times of the directories as they are there', async () => {
    await places.pull();
    for (const name of ['top', 'dir/one', 'dir/sub']) rmSync(tree(name), { recursive: true });
    writeFileSync(tree('dir/two'), 'anew');
    expect(await seek(['top', 'dir/one', 'dir/sub', 'dir/two'])).toMatchObject({
      deleted: 4,
      files: 1,
      partial: false,
    });
    expect(passes.map(({ kind }) => kind)).toEqual(['there', 'level']);
    await expectAlike();
  });

  it('is one pass where nothing is in doubt, though a name that came and went was told too', async () => {
    await places.pull();
    writeFileSync(tree('dir/two'), 'anew');
    writeFileSync(tree('dir/new'), 'new');
    expect(await seek(['dir/two', 'dir/new', 'dir/came-and-went'])).toMatchObject({ files: 2, deleted: 0 });
    expect(passes.map(({ kind }) => kind)).toEqual(['there']);
    await expectAlike();
  });

  it('brings the mode of a directory by a name that is nobody’s', async () => {
    await places.pull();
    chmodSync(tree('dir'), 0o710);
    await seek(['dir/.neo-pull-nobody']);
    await expectAlike();
  });

  it('takes nothing for gone that is there and cannot be copied, or is left out', async () => {
    await places.pull();
    rmSync(tree('top'));
    execFileSync('mkfifo', [tree('top')]);
    writeFileSync(staging('dir/kept'), 'left out');
    await seek(['top', 'dir/kept'], { filters: ['--filter=- /dir/kept'] });
    expect(readFileSync(staging('top'), 'utf8')).toBe('top');
    expect(existsSync(staging('dir/kept'))).toBe(true);
  });

  it('follows no link in staging', async () => {
    await places.pull();
    const outside = join(places.folder, 'outside');
    renameSync(staging('dir'), outside);
    symlinkSync(outside, staging('dir'));
    rmSync(tree('dir/one'));
    await seek(['dir/one']);
    expect(readFileSync(join(outside, 'one'), 'utf8')).toBe('dir/one');
  });

  it('deletes nothing where more is gone than may be (F76)', async () => {
    await places.pull();
    for (const name of ['top', 'other', 'dir']) rmSync(tree(name), { recursive: true });
    const seeking = seek(['top', 'other', 'dir'], { delete: { max: 5 } });
    await expect(seeking).rejects.toMatchObject({ problem: { code: 'mass-deletion' } });
    for (const name of ['top', 'other', 'dir/one', 'dir/sub/three']) expect(existsSync(staging(name))).toBe(true);
  });
});

it('a following with such an rsync brings what is gone within a round, and looks at everything once only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'np-forgetful-'));
  const lab = makeFollowerLab({ rsync: forgetfulRsync(folder) });
  const at = (name: string): string => join(lab.tree, name);
  try {
    mkdirSync(at('dir'));
    for (const name of ['top', 'dir/one', 'dir/two']) writeFileSync(at(name), name);
    // So many that the watcher can prove that it has told all.
    for (let n = 0; n < 1100; n += 1) writeFileSync(at(`many-${n}`), '');
    await lab.start();
    rmSync(at('top'));
    rmSync(at('dir/one'));
    writeFileSync(at('dir/two'), 'anew');
    await waitFor(
      'it is gone',
      () => !existsSync(join(lab.staging, 'top')) && !existsSync(join(lab.staging, 'dir/one')),
    );
    await lab.atRest();
    expect(lab.events.filter((event) => event.type === 'round.done' && event.full)).toHaveLength(1);
    renameSync(at('dir'), at('moved'));
    expect(await lab.lastPass()).toEqual({ isTargeted: true });
    expect(await lab.differences()).toEqual([]);
  } finally {
    await lab.destroy();
    rmSync(folder, { recursive: true });
  }
});
