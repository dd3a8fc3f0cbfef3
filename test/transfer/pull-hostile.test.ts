import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import type { PullOptions } from '../../src/transfer/pull.ts';
import { listTree } from '../kit/listing.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { tampering, type Lie } from '../kit/tampering-host.ts';
import { processes } from './processes.ts';
import { twoPlaces, type TwoPlaces } from './two-places.ts';

let places: TwoPlaces;
let around: unknown;
beforeEach(async () => {
  places = await twoPlaces();
  mkdirSync(join(places.folder, 'outside'));
  writeFileSync(join(places.folder, 'outside/kept'), 'as it was');
  // What lies beside staging, in the private folder around it, is outside too.
  writeFileSync(join(places.folder, 'quarantine/beside'), 'as it was');
});
// Whatever the sender said: no process is left, and nothing outside of staging has changed.
afterEach(async () => {
  expect(
    await processes(({ argv, cwd }) => cwd.startsWith(places.folder) || argv.join(' ').includes(places.folder)),
  ).toEqual([]);
  expect(outside()).toEqual(around);
  expect(await readdir(places.runtime)).toEqual([]);
  await places.remove();
});

/** Everything but staging and what is copied. */
function outside(): unknown {
  const all = [...listTree(places.folder, ['tree'])].filter(([path]) => !path.startsWith('quarantine/staging'));
  return all.map(([path, { type, mode, link, sha256 }]) => ({ path, type, mode, link, sha256 }));
}

function put(name: string, text = 'evil'): void {
  mkdirSync(join(places.tree, name, '..'), { recursive: true });
  writeFileSync(join(places.tree, name), text);
}

async function problemOf(lies: readonly Lie[], options: Partial<PullOptions> = {}): Promise<Problem> {
  around = outside();
  return problemFrom(places.pull({ old: tampering(places.old, lies), ...options }));
}

describe('a sender that lies, and the rsync of this machine', () => {
  it('is not heard on a name that goes up (F39)', async () => {
    put('qq/aaaaaaa/evil');
    const { code } = await problemOf([
      ['qq/aaaaaaa/evil', '../outside/evil'],
      ['qq', '..'],
      ['aaaaaaa', 'outside'],
    ]);
    expect(code).toBe('transfer-failed');
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('is not heard on an absolute name (F40)', async () => {
    const name = 'q'.repeat(`${places.folder}/outside/evil`.length);
    put(name);
    const seen = await problemOf([[name, `${places.folder}/outside/evil`]]);
    expect(seen.code).toBe('transfer-failed');
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('cannot send what was not asked for by name (F42)', async () => {
    put('asked1', 'asked');
    const only = [Buffer.from('asked1')];
    const seen = await problemOf([['asked1', 'other1']], { only });
    expect(seen.code).toBe('transfer-failed');
    expect(seen.message).toContain('other1');
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('cannot send what a rule leaves out (F42)', async () => {
    put('fine12');
    const seen = await problemOf([['fine12', 'secret']], { filters: ['--filter=-p /secret'] });
    expect(seen.code).toBe('transfer-failed');
    expect(seen.message).toContain('secret');
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('writes nothing through a symlink that it has sent first (F43)', async () => {
    symlinkSync(join(places.folder, 'outside'), join(places.tree, 'alink'));
    put('qdirx/kept');
    const lies: Lie[] = [['qdirx', 'alink']];
    around = outside();
    await places.pull({ old: tampering(places.old, lies), live: true }).catch(() => undefined);
    expect(await readdir(places.staging)).not.toContain('qdirx');
    expect(outside()).toEqual(around);
  });

  it('deletes no more than may be deleted, and nothing outside of staging, whatever it says that there is (F50)', async () => {
    for (let n = 10; n < 40; n += 1) put(`${n}file`);
    await places.pull();
    const lies = Array.from({ length: 30 }, (_, at): Lie => [`${at + 10}file`, `${at + 10}liar`]);
    const seen = await problemOf(lies, { delete: { max: 5 } });
    expect(seen.code).toBe('mass-deletion');
    expect((await readdir(places.staging)).filter((name) => name.endsWith('file'))).toHaveLength(25);
  });

  it('is given up when it says one byte now and then, with all that it has started (F26, F49)', async () => {
    put('file');
    around = outside();
    const old = tampering(places.old, [], 50);
    expect(await problemFrom(places.pull({ old, stallMs: 800 }))).toMatchObject({ code: 'transfer-stalled' });
  });
});

describe('a tree without an end', () => {
  it('is halted while its content comes, long before it is all there (F47)', async () => {
    put('sparse', '');
    truncateSync(join(places.tree, 'sparse'), 64 * 1024 ** 3);
    const seen = await problemOf([], { most: { entries: 100, bytes: 4 * 1024 ** 2 }, bwlimitKiBps: 16 * 1024 });
    expect(seen).toMatchObject({ code: 'copy-too-large', stops: true });
    expect(seen.hint).toContain('--max-bytes');
  });

  it('is halted when it has more names than may come (F47)', async () => {
    for (let n = 0; n < 60; n += 1) mkdirSync(join(places.tree, `d${n}`));
    const seen = await problemOf([], { most: { entries: 50, bytes: 1024 ** 3 } });
    expect(seen.code).toBe('copy-too-large');
    expect(seen.message).toContain('61 entries');
    around = outside();
    expect(await places.pull({ most: { entries: 61, bytes: 1024 ** 3 } })).toMatchObject({ partial: false });
  });
});
