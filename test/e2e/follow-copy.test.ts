import { lstatSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { productFrom } from '../../src/gateway/product-from.ts';
import type { NewSettings } from '../../src/visits/new-settings.ts';
import { cutoverOrder, staged, stagedState, startFollowing, type Following } from '../kit/following.ts';
import { JumpingClock } from '../kit/jumping-clock.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';

let lab: TempLab;
let following: Following;

const state = (...names: string[]): string => join(lab.state.stateDir, ...names);
const copy = (...names: string[]): string => join(stagedState(lab), ...names);
const notices = (): string[] => following.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
/** Resolves when so many rounds are over, with all that belongs to them. */
async function roundsOver(wanted: number): Promise<void> {
  await waitFor(`${wanted} rounds are over`, async () => (await following.status()).rounds >= wanted, 30_000);
}
const wholeRounds = (): number => following.events.filter((event) => event.type === 'round.done' && event.full).length;

beforeEach(async () => {
  // An old gateway that stands still: no pass of ours runs unless there is something to repair.
  lab = await makeTempLab({ runsAs: 'stopped', sessions: 3 });
  writeFileSync(state('media/kept.txt'), 'as it was');
});
afterEach(async () => {
  await following.end();
  await lab.destroy();
});

/** Another content by the same name, size and times. */
function spoil(path: string): void {
  const { atime, mtime, size } = lstatSync(path);
  writeFileSync(path, 'X'.repeat(size));
  utimesSync(path, atime, mtime);
}

describe('somebody else who writes into the copy while neo-pull follows', () => {
  it('is told once, and what was written is repaired, though size and time are as they were', async () => {
    following = await startFollowing(lab);
    await roundsOver(1);
    spoil(copy('media/kept.txt'));
    await waitFor('it is repaired', () => readFileSync(copy('media/kept.txt'), 'utf8') === 'as it was');
    await waitFor('the pass is over', () => wholeRounds() === 2);
    expect(notices().filter((message) => message.includes('media/kept.txt'))).toEqual([
      expect.stringContaining('Something else has written into the copy'),
    ]);
    await following.caughtUp();
    expect(wholeRounds()).toBe(2);
  });

  it('may as well remove something, or put something there', async () => {
    following = await startFollowing(lab);
    await roundsOver(1);
    rmSync(copy('media/kept.txt'));
    await roundsOver(2);
    await staged(lab, 'media/kept.txt');
    writeFileSync(copy('agents/foreign'), 'x');
    await roundsOver(3);
    await staged(lab, 'agents/foreign', false);
    rmSync(stagedState(lab), { recursive: true });
    await waitFor('all of it is back', () => {
      try {
        return readFileSync(copy('media/kept.txt'), 'utf8') === 'as it was';
      } catch {
        return false; // it is on its way
      }
    });
  });

  it('is not taken for what neo-pull itself writes there', async () => {
    following = await startFollowing(lab);
    await following.caughtUp();
    for (let count = 0; count < 5; count += 1) {
      const [name, folder] = [`media/round-${count}.txt`, `agents/round-${count}`];
      mkdirSync(state(folder));
      writeFileSync(state(name), 'one');
      writeFileSync(state('media/kept.txt'), `as it was ${count}`);
      await staged(lab, name);
      await staged(lab, folder);
    }
    await following.caughtUp();
    expect(notices().filter((message) => message.includes('Something else'))).toEqual([]);
    expect(wholeRounds()).toBe(1);
  });

  it('spoils no move: the last pass compares everything', async () => {
    following = await startFollowing(lab);
    await roundsOver(1);
    await following.order({ order: 'pause' });
    spoil(copy('media/kept.txt'));
    await waitFor('it is told', () => notices().some((message) => message.includes('Something else')));
    expect(await following.order(cutoverOrder())).toMatchObject({ ok: true });
    expect(await following.ended).toMatchObject({ outcome: 'moved', exitCode: 0 });
    expect(readFileSync(join(lab.new.home, '.smart-agent-neo/media/kept.txt'), 'utf8')).toBe('as it was');
  });
});

it('settings that change while neo-pull follows are told to whoever listens, and following goes on', async () => {
  let hear: (news: NewSettings) => void = () => undefined;
  const settings = {
    listen(listener: typeof hear) {
      hear = listener;
      return () => Promise.resolve();
    },
  };
  following = await startFollowing(lab, { tools: { following: { settings } } });
  hear({ products: [productFrom('neo-fork', {})] });
  await waitFor('it is told', () => notices().some((message) => message.startsWith('The settings changed')));
  writeFileSync(state('media/later.txt'), 'x');
  await staged(lab, 'media/later.txt');
});

describe('a clock that jumps while neo-pull follows', () => {
  it.each([
    ['ahead, as after a sleep', 3_600_000, 'this machine slept, or its clock was set ahead'],
    ['back', -3_600_000, 'the clock of this machine was set back by'],
  ])('%s, has everything looked at again, is told once, and following goes on', async (_, byMs, said) => {
    const clock = new JumpingClock();
    following = await startFollowing(lab, { tools: { clock, following: { limits: { beatMs: 500 } } } });
    await following.caughtUp();
    clock.jump(byMs);
    const told = (): string[] => notices().filter((message) => message.includes(said));
    await waitFor('it is told', () => told().length > 0);
    await waitFor('everything is looked at again', () => wholeRounds() >= 2);
    writeFileSync(state('media/later.txt'), 'x');
    await staged(lab, 'media/later.txt');
    const active = following;
    await waitFor('it follows as before', async () => {
      const { phase, note } = await active.status();
      return phase === 'following' && note === null;
    });
    expect(told()).toHaveLength(1);
    // A pass that is late by the new clock may come before it is known why.
    expect(wholeRounds()).toBeLessThanOrEqual(3);
  });
});
