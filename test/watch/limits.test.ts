import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { problemFrom } from '../kit/problem-from.ts';
import { processesFrom } from '../kit/processes.ts';
import { waitFor } from '../kit/wait.ts';
import { cookieJar, folder, follow, ownNode, run, UNENDING, words } from './lab.ts';

// F75
describe('a burst of 50,000 writes', () => {
  test('is told, or told as a gap, and nothing is lost after it', async () => {
    const root = folder();
    const watcher = await follow(root, { cookieDir: cookieJar(), engine: 'directories' });
    run(
      'cd "$1"; mkdir d1 d2 d3 d4 d5; for n in $(seq 10); do for d in d*; do (cd $d; seq 1000 | xargs touch); done; done; mkdir -p d1/late/later',
      root,
    );
    // A cookie that came in the middle of it proves nothing.
    await waitFor('it to be settled', () => watcher.settled(UNENDING, 60_000));
    const told = words(watcher);
    const all = ['d1', 'd2', 'd3', 'd4', 'd5'].every((name) => told.includes(`${name}/**`));
    const gap = watcher.takeGap();
    console.log(`50,000 writes: ${gap ?? 'all told'}, ${told.length} places`);
    expect(all || gap !== null).toBe(true);
    writeFileSync(join(root, 'd1/late/later/file'), '');
    expect(await watcher.settled(UNENDING, 60_000)).toBe(true);
    expect([words(watcher), watcher.takeGap()]).toEqual([['d1/late/later/file'], null]);
  });

  test('that stops the watcher while it happens is told as a gap', async () => {
    const root = folder();
    mkdirSync(join(root, 'd'));
    const node = ownNode();
    const watcher = await follow(root, { node, cookieDir: cookieJar(), engine: 'directories' });
    const [one] = processesFrom(join(node, '..'));
    process.kill(one?.pid ?? 0, 'SIGSTOP');
    run('cd "$1/d"; for n in $(seq 50); do seq 1000 | xargs touch; done; mkdir -p deep/deeper', root);
    process.kill(one?.pid ?? 0, 'SIGCONT');
    await watcher.settled(UNENDING, 60_000);
    await waitFor('the gap', () => watcher.takeGap()?.includes('more happened at once'));
    words(watcher);
    writeFileSync(join(root, 'd/deep/deeper/file'), '');
    expect(await watcher.settled(UNENDING, 60_000)).toBe(true);
    expect(words(watcher)).toEqual(['d/deep/deeper/file']);
  });
});

// F74
describe('where the account may watch 10 directories', () => {
  const few = 'echo 10 > /proc/sys/user/max_inotify_watches';
  /** A Node in a user namespace with that limit. */
  const limited = (limit: string): string =>
    ownNode(`exec unshare -Ur sh -c '${limit}; exec "$@"' sh ${process.execPath} "$@"`);

  test('a larger tree is refused by the name of the limit', async () => {
    const root = folder();
    for (let at = 0; at < 20; at++) mkdirSync(join(root, `d${at}`));
    const refused = await problemFrom(follow(root, { node: limited(few), engine: 'directories' }));
    expect(refused).toMatchObject({ code: 'watch-limit', stops: false });
    expect(refused.message).toContain('ENOSPC, fs.inotify.max_user_watches');
    expect(await problemFrom(follow(root, { node: limited(few), engine: 'chokidar' }))).toMatchObject({
      code: 'watch-limit',
    });
  });

  test('a tree that grows beyond is over by the same name', async () => {
    const root = folder();
    const watcher = await follow(root, { node: limited(few), engine: 'directories' });
    for (let at = 0; at < 20; at++) mkdirSync(join(root, `d${at}`));
    expect(await problemFrom(watcher.over)).toMatchObject({ code: 'watch-limit' });
  });

  test('no room for a watcher at all is refused by its name too', async () => {
    const none = 'echo 0 > /proc/sys/user/max_inotify_instances';
    const refused = await problemFrom(follow(folder(), { node: limited(none), engine: 'directories' }));
    expect(refused.message).toContain('EMFILE, fs.inotify.max_user_instances');
  });
});

test('a directory that this account may not look into is a gap, and nothing is settled until it may', async () => {
  const root = folder();
  const isRoot = process.getuid?.() === 0;
  const node = ownNode(
    isRoot ? `exec setpriv --reuid=65534 --regid=65534 --clear-groups ${process.execPath} "$@"` : '',
  );
  const jar = cookieJar();
  run('chmod 777 "$1" "$2"', jar, join(jar, '..'));
  const watcher = await follow(root, { node, cookieDir: jar, engine: 'directories' });
  mkdirSync(join(root, 'closed'), { mode: 0o000 });
  await waitFor('the gap', () => watcher.takeGap()?.includes('cannot be watched'));
  expect(await watcher.settled(UNENDING, 10_000)).toBe(false);
  run('chmod 755 "$1/closed"', root);
  expect(await watcher.settled(UNENDING, 10_000)).toBe(true);
  words(watcher);
  writeFileSync(join(root, 'closed/file'), '');
  expect(await watcher.settled(UNENDING, 10_000)).toBe(true);
  expect(words(watcher)).toEqual(['closed/file']);
  rmSync(join(root, 'closed'), { recursive: true });
});

describe('a tree is watched', () => {
  test('by chokidar while it is small, and by its directories when it has grown or has names that are no text', async () => {
    const root = folder();
    const watcher = await follow(root);
    expect(watcher.state().engine).toBe('chokidar');
    run('cd "$1"; seq 2100 | xargs touch', root);
    await waitFor('the other engine', () => watcher.takeGap()?.includes('in another way'));
    await waitFor('it to be said', () => watcher.state().engine === 'directories');
    run('printf x > "$1/$(printf "a\\\\377")"', folder());
    const strange = folder();
    const other = await follow(strange, { limits: { beatMs: 100 } });
    run('printf x > "$1/$(printf "a\\\\377")"', strange);
    await waitFor('the other engine', () => other.state().engine === 'directories');
    expect((await follow(strange)).state().engine).toBe('directories');
  });
});
