import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeFollowerLab, type FollowerLabOptions } from '../kit/follower-lab.ts';
import { stir } from '../kit/unrest.ts';
import { diceOf } from '../watch/workload.ts';

const SEEDS = process.env['SLOW'] === '1' ? 100 : 6;

interface Way extends FollowerLabOptions {
  readonly engine: string;
  /** Also names that are no text. */
  readonly nasty: boolean;
  /** Files that are there beside those that change: with many, directories are watched. */
  readonly crowd: number;
}

/** One tree that changes all the time while it is followed, up to the last pass. */
async function unrest(
  seed: number,
  { engine, nasty, crowd, ...options }: Way,
): Promise<{ isTargeted: boolean; rounds: number }> {
  const lab = makeFollowerLab(options);
  try {
    const stirred = { root: lab.tree, dice: diceOf(seed), nasty, links: seed % 4 === 0, sly: engine === 'directories' };
    for (let at = 0; at < crowd; at += 1) {
      if (at % 100 === 0) mkdirSync(join(lab.tree, `crowd-${String(at / 100)}`));
      writeFileSync(join(lab.tree, `crowd-${String(Math.floor(at / 100))}/${String(at)}`), '');
    }
    for (let at = 0; at < 150; at += 1) stir(stirred);
    await lab.start();
    expect(lab.standing().engine).toBe(engine);
    for (let at = 0; at < 160; at += 1) {
      stir(stirred);
      if (stirred.dice(8) === 0) await pause(stirred.dice(60));
    }
    if (seed % 2 === 0 && engine !== 'polling') await lab.atRest();
    for (let at = 0; at < 20; at += 1) stir(stirred);
    const last = await lab.lastPass();
    const differences = await lab.differences();
    expect(lab.events.filter(({ type }) => type === 'notice')).toHaveLength(engine === 'polling' ? 1 : 0);
    expect([seed, engine, differences]).toEqual([seed, engine, []]);
    return { ...last, rounds: lab.standing().rounds };
  } finally {
    await lab.destroy();
  }
}

async function all(way: Way): Promise<number> {
  let [targeted, rounds] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const ended = await unrest(seed, way);
    targeted += ended.isTargeted ? 1 : 0;
    rounds += ended.rounds;
  }
  console.log(
    `${String(SEEDS)} seeds, ${way.engine}: ${String(rounds)} rounds, ${String(targeted)} last passes over what had changed only`,
  );
  return targeted;
}

describe('a tree that never rests', () => {
  it(`is in staging as it is after the last pass, of ${String(SEEDS)} random ones with a watch on each directory (F76, F77, F79)`, async () => {
    // With a proof nothing else is looked at in the last pass: whatever was lost on the way would be seen.
    expect(await all({ engine: 'directories', nasty: true, crowd: 1100 })).toBeGreaterThan(SEEDS / 2);
  }, 3_600_000);

  it(`is so with a watch on each file, of ${String(SEEDS)} random ones`, async () => {
    expect(await all({ engine: 'chokidar', nasty: false, crowd: 0 })).toBe(0);
  }, 3_600_000);

  it(`is so when it is only looked at again and again, of ${String(SEEDS)} random ones`, async () => {
    expect(await all({ engine: 'polling', nasty: true, crowd: 0, watcherNode: '/nowhere/node' })).toBe(0);
  }, 3_600_000);
});
