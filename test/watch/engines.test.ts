import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Watcher } from '../../src/watch/watcher.ts';
import { waitFor } from '../kit/wait.ts';
import { folder, follow, rootAt, words } from './lab.ts';

/** Waits until all of these places were told, by themselves or with a directory above. Gives everything that was told. */
async function hear(watcher: Watcher, ...places: string[]): Promise<string[]> {
  const told: string[] = [];
  await waitFor(`to hear of ${places.join(', ')}`, () => {
    told.push(...words(watcher));
    // chokidar may say that only a full pass knows; then nothing was kept back.
    if (watcher.takeGap() !== null && watcher.state().engine === 'chokidar') told.push('/**');
    return places.every((place) => covers(told, place));
  });
  return told;
}

function covers(told: readonly string[], place: string): boolean {
  return told.some((one) => {
    if (!one.endsWith('/**')) return one === place;
    const whole = one.slice(0, -'/**'.length);
    return whole === '' || place === whole || place === one || place.startsWith(`${whole}/`);
  });
}

function bytes(folder: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
}

describe.each(['directories', 'chokidar'] as const)('the engine %s tells', (engine) => {
  async function followed(grow: (root: string) => void): Promise<{ root: string; watcher: Watcher }> {
    const root = folder();
    grow(root);
    const watcher = await follow(root, { engine });
    expect(watcher.state().engine).toBe(engine);
    expect(words(watcher)).toEqual([]);
    return { root, watcher };
  }
  const plant = (root: string): void => {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/file'), 'one');
    writeFileSync(join(root, 'a/other'), 'two');
    symlinkSync('nowhere', join(root, 'a/link'));
  };

  test('what is made, appended to, rewritten, renamed over and removed', async () => {
    const { root, watcher } = await followed(plant);
    writeFileSync(join(root, 'new'), '');
    await hear(watcher, 'new');
    appendFileSync(join(root, 'a/b/file'), 'more');
    await hear(watcher, 'a/b/file');
    writeFileSync(join(root, 'a/other'), 'TWO');
    await hear(watcher, 'a/other');
    writeFileSync(join(root, 'a/b/tmp'), 'three');
    renameSync(join(root, 'a/b/tmp'), join(root, 'a/b/file'));
    await hear(watcher, 'a/b/tmp', 'a/b/file');
    unlinkSync(join(root, 'a/other'));
    await hear(watcher, 'a/other');
  });

  test('modes, times and where links lead', async () => {
    const { root, watcher } = await followed(plant);
    // Read after it was written: some take that for no change.
    utimesSync(join(root, 'a/b/file'), 2_000_000_000, 1_000_000_000);
    await hear(watcher, 'a/b/file');
    chmodSync(join(root, 'a/b/file'), 0o600);
    await hear(watcher, 'a/b/file');
    chmodSync(join(root, 'a/b'), 0o700);
    await hear(watcher, 'a/b');
    unlinkSync(join(root, 'a/link'));
    symlinkSync('elsewhere', join(root, 'a/link'));
    await hear(watcher, 'a/link');
  });

  test('a directory that is made with all that comes into it, at once and later', async () => {
    const { root, watcher } = await followed(plant);
    mkdirSync(join(root, 'new/deep/deeper'), { recursive: true });
    writeFileSync(join(root, 'new/deep/deeper/file'), '');
    await hear(watcher, 'new', 'new/deep/deeper/file');
    appendFileSync(join(root, 'new/deep/deeper/file'), 'later');
    await hear(watcher, 'new/deep/deeper/file');
  });

  // F85
  test('a directory that moves, out of one place, into the other, and what happens in it then', async () => {
    const { root, watcher } = await followed(plant);
    renameSync(join(root, 'a'), join(root, 'z'));
    await hear(watcher, 'a', 'z', 'z/b/file');
    await waitFor('the moved directory to be watched', () => {
      appendFileSync(join(root, 'z/b/file'), 'more');
      return covers(words(watcher), 'z/b/file');
    });
    renameSync(join(root, 'z'), join(folder(), 'outside'));
    await hear(watcher, 'z');
  });

  // F84
  test('a file that becomes a directory and a file again', async () => {
    const { root, watcher } = await followed(plant);
    unlinkSync(join(root, 'a/other'));
    mkdirSync(join(root, 'a/other'));
    writeFileSync(join(root, 'a/other/in it'), '');
    await hear(watcher, 'a/other', 'a/other/in it');
    rmSync(join(root, 'a/other'), { recursive: true });
    writeFileSync(join(root, 'a/other'), 'a file again');
    await hear(watcher, 'a/other');
    appendFileSync(join(root, 'a/other'), 'and more');
    await hear(watcher, 'a/other');
  });

  test('names with spaces, newlines, quotes, and of 255 bytes', async () => {
    const { root, watcher } = await followed(plant);
    for (const name of ['a b', 'a\nb', `'"$(x)`, '-rf', '\u00fcml\u00e4ut', 'n'.repeat(255)]) {
      writeFileSync(join(root, 'a', name), '');
      await hear(watcher, `a/${Buffer.from(name).toString('latin1')}`);
    }
  });

  test('names that are no text, or the directory that they are in', async () => {
    const { root, watcher } = await followed(plant);
    writeFileSync(bytes(join(root, 'a'), 'b\xff\xfe'), '');
    const told = await hear(watcher, 'a/b\xff\xfe');
    if (engine === 'directories') expect(told).toEqual(['a/b\xff\xfe']);
    appendFileSync(bytes(join(root, 'a'), 'b\xff\xfe'), 'more');
    await hear(watcher, 'a/b\xff\xfe');
  });

  test('nothing of what is left out, but that the directory of it has another time', async () => {
    const root = folder();
    mkdirSync(join(root, 'logs/deep'), { recursive: true });
    const rule = (pattern: string) => ({ pattern, reason: '', room: 'state' as const });
    const watcher = await follow(root, { engine, excludes: [rule('/logs/'), rule('*.tmp'), rule('/.neo-pull*')] });
    writeFileSync(join(root, 'logs/deep/one'), '');
    writeFileSync(join(root, 'x.tmp'), '');
    writeFileSync(join(root, 'last'), '');
    // By a name that nothing has, and that is left out by no rule.
    const nobody = engine === 'directories' ? ['neo-pull-nobody'] : [];
    expect((await hear(watcher, 'last')).sort()).toEqual(['last', ...nobody]);
  });

  test('of a root of single files these and nothing else', async () => {
    const root = folder();
    writeFileSync(join(root, 'token'), '');
    mkdirSync(join(root, 'noise'));
    const watcher = await follow(rootAt(root, { files: ['token', 'other'] }), { engine });
    expect(watcher.state().directories).toBe(1);
    writeFileSync(join(root, 'noise/x'), '');
    writeFileSync(join(root, 'noise.txt'), '');
    writeFileSync(join(root, 'other'), '');
    expect(await hear(watcher, 'other')).toEqual(['other']);
    renameSync(join(root, 'other'), join(root, 'token'));
    await hear(watcher, 'token');
  });

  test('what happens behind a root that is a symlink', async () => {
    const real = folder();
    const link = join(folder(), 'link');
    symlinkSync(real, link);
    const watcher = await follow(link, { engine });
    writeFileSync(join(real, 'file'), '');
    await hear(watcher, 'file');
  });

  test('that the root itself is gone, and what happens in the one that is there instead', async () => {
    const root = join(folder(), 'root');
    mkdirSync(root);
    const watcher = await follow(root, { engine, limits: { beatMs: 200 } });
    renameSync(root, `${root}-away`);
    await waitFor('the loss to be told', () => watcher.takeGap()?.includes('is gone'));
    mkdirSync(root);
    await waitFor('the other one to be told', () => watcher.takeGap()?.includes('another one'));
    words(watcher);
    writeFileSync(join(root, 'file'), '');
    await hear(watcher, 'file');
  });
});
