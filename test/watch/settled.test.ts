import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Watcher } from '../../src/watch/watcher.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { waitFor } from '../kit/wait.ts';
import { cookieJar, folder, follow, UNENDING } from './lab.ts';
import { act, diceOf, differing, pictureOf } from './workload.ts';

const SEEDS = process.env['SLOW'] === '1' ? 100 : 10;

/** What changed between two settled moments and was not told. */
function untold(watcher: Watcher, changed: readonly string[]): string[] {
  const told = watcher.take().map(({ path, subtree }) => ({ path: path.toString(), subtree }));
  return changed.filter(
    (place) =>
      !told.some(({ path, subtree }) => path === place || (subtree && (path === '' || place.startsWith(`${path}/`)))),
  );
}

describe('a watcher that says it is settled', () => {
  test(`has told every change that was before, in ${SEEDS} random workloads`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const [root, dice] = [folder(), diceOf(seed)];
      for (let at = 0; at < 60; at++) act(root, dice);
      const watcher = await follow(root, { cookieDir: cookieJar(), engine: 'directories' });
      let before = pictureOf(root);
      for (let round = 0; round < 8; round++) {
        for (let at = 0; at < 40; at++) {
          act(root, dice);
          if (dice(4) === 0) await turn();
        }
        const now = pictureOf(root);
        expect(await watcher.settled(UNENDING, 30_000)).toBe(true);
        expect([seed, round, untold(watcher, differing(before, now)), watcher.takeGap()]).toEqual([
          seed,
          round,
          [],
          null,
        ]);
        before = now;
      }
      await watcher.close();
    }
  }, 600_000);

  test('leaves no cookie behind', async () => {
    const jar = cookieJar();
    const watcher = await follow(folder(), { cookieDir: jar, engine: 'directories' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => watcher.settled(UNENDING, 10_000)));
    expect(answers).toEqual(answers.map(() => true));
    expect(readdirSync(jar)).toEqual([]);
  });

  test('is none where no cookie can be made, and with chokidar', async () => {
    const jar = cookieJar();
    expect(await (await follow(folder(), { engine: 'directories' })).settled(UNENDING, 10_000)).toBe(false);
    expect(await (await follow(folder(), { cookieDir: jar, engine: 'chokidar' })).settled(UNENDING, 10_000)).toBe(
      false,
    );
    const watcher = await follow(folder(), { cookieDir: jar, engine: 'directories' });
    rmSync(jar, { recursive: true });
    expect(await watcher.settled(UNENDING, 10_000)).toBe(false);
    mkdirSync(jar);
    expect(await watcher.settled(UNENDING, 10_000)).toBe(true);
  });

  test('is none while a root is away, and nothing else is watched in its stead', async () => {
    // By the name of a directory that is somewhere else too.
    const root = join(folder(), 'etc');
    mkdirSync(root);
    const limits = { beatMs: 100 };
    const watcher = await follow(root, { cookieDir: cookieJar(), engine: 'directories', limits });
    expect(watcher.state().directories).toBe(1);
    rmSync(root, { recursive: true });
    expect(await watcher.settled(UNENDING, 10_000)).toBe(false);
    expect(watcher.takeGap()).toContain('is gone');
    await waitFor('its end to be said', () => watcher.state().directories === 0);
    mkdirSync(root);
    await waitFor('it to be there again', () => watcher.settled(UNENDING, 10_000));
    expect(watcher.takeGap()).toContain('another one');
    await waitFor('its return to be said', () => watcher.state().directories === 1);
  });

  test('says so no more when it was closed, and is waited for no longer than one wants to', async () => {
    const root = folder();
    const watcher = await follow(root, { cookieDir: cookieJar(), engine: 'directories' });
    const stopped = new AbortController();
    const waiting = watcher.changed(stopped.signal);
    stopped.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(watcher.settled(stopped.signal, 10_000)).rejects.toThrow('enough');
    writeFileSync(join(root, 'file'), '');
    await watcher.changed(UNENDING);
    expect(watcher.take()).toHaveLength(1);
    const over = problemFrom(watcher.changed(UNENDING));
    await watcher.close();
    expect(await watcher.settled(UNENDING, 10_000)).toBe(false);
    expect(await over).toMatchObject({ code: 'watcher-ended' });
  });
});
