import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeFollowerLab, type FollowerLab, type FollowerLabOptions } from '../kit/follower-lab.ts';
import { killOne, processesFrom } from '../kit/processes.ts';
import { waitFor } from '../kit/wait.ts';
import { ownNode, run } from '../watch/lab.ts';

let lab: FollowerLab | null = null;
afterEach(async () => {
  await lab?.destroy();
  lab = null;
});

/** A tree of more entries than are watched one by one, followed. */
async function followed(options: FollowerLabOptions = {}): Promise<FollowerLab> {
  const made = (lab = makeFollowerLab(options));
  for (let at = 0; at < 20; at += 1) {
    mkdirSync(join(made.tree, `d${String(at)}`));
    for (let file = 0; file < 60; file += 1) writeFileSync(join(made.tree, `d${String(at)}/${String(file)}`), '');
  }
  await made.start();
  return made;
}

function notices({ events }: FollowerLab): string[] {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
}

describe('a tree that is followed is in staging as it is after the last pass', () => {
  it('though 50,000 writes came at once (F75)', { timeout: 300_000 }, async () => {
    const { tree, ...rest } = await followed();
    expect(rest.standing().engine).toBe('directories');
    run(
      'cd "$1"; for n in 1 2 3 4 5; do for d in d*; do (cd $d; seq 500 | xargs touch); done; done; mkdir -p d1/late; echo x > d1/late/one',
      tree,
    );
    await rest.atRest();
    await rest.lastPass();
    expect(await rest.differences()).toEqual([]);
  });

  it(
    'where no more than 10 directories may be watched: it is looked at again and again, and that is told once (F74)',
    { timeout: 120_000 },
    async () => {
      const few = 'echo 10 > /proc/sys/user/max_inotify_watches';
      const node = ownNode(`exec unshare -Ur sh -c '${few}; exec "$@"' sh ${process.execPath} "$@"`);
      const { tree, ...rest } = await followed({ watcherNode: node });
      expect(rest.standing()).toMatchObject({ engine: 'polling', phase: 'polling' });
      writeFileSync(join(tree, 'd3/later'), 'x');
      const { rounds } = rest.standing();
      await waitFor('two more rounds', () => rest.standing().rounds >= rounds + 2, 60_000);
      expect(notices({ ...rest, tree })).toEqual([expect.stringContaining('no room for as many watches')]);
      writeFileSync(join(tree, 'd4/last'), 'x');
      expect(await rest.lastPass()).toEqual({ isTargeted: false });
      expect(await rest.differences()).toEqual([]);
    },
  );

  it(
    'though the watcher was killed on the old machine: it is started again, that is told, and nothing is taken for proven until all was looked at',
    { timeout: 120_000 },
    async () => {
      const node = ownNode();
      const { tree, ...rest } = await followed({ watcherNode: node });
      await rest.atRest();
      const [watcher] = processesFrom(join(node, '..'));
      if (!watcher) throw new Error('nothing watches');
      killOne(watcher);
      writeFileSync(join(tree, 'd5/while nobody watched'), 'x');
      await waitFor('it to be told', () =>
        notices({ ...rest, tree }).some((told) => /watcher is over.*started again/.test(told)),
      );
      await waitFor('another one', () => processesFrom(join(node, '..')).length === 1);
      await waitFor(
        'another whole pass',
        () => rest.events.filter((event) => event.type === 'round.done' && event.full).length > 1,
      );
      writeFileSync(join(tree, 'd6/now'), 'x');
      expect(await rest.lastPass()).toEqual({ isTargeted: true });
      expect(await rest.differences()).toEqual([]);
    },
  );
});
