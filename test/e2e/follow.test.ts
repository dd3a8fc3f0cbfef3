import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutoverOrder, staged, stagedState, startFollowing, type Following } from '../kit/following.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { waitFor } from '../kit/wait.ts';

let lab: TempLab;
let following: Following | null = null;

const state = (...names: string[]): string => join(lab.state.stateDir, ...names);

beforeEach(async () => {
  lab = await makeTempLab({ runsAs: 'service', sessions: 3 });
});
afterEach(async () => {
  await following?.end();
  following = null;
  await lab.destroy();
});

describe('sync --follow', () => {
  it('stages what changes while the old gateway serves on, says so, and ends when it is told to stop', async () => {
    following = await startFollowing(lab);
    writeFileSync(state('media/new.txt'), 'one');
    await staged(lab, 'media/new.txt');
    appendFileSync(state('media/new.txt'), ' two');
    mkdirSync(state('media/folder'));
    writeFileSync(state('media/folder/inside'), '');
    await staged(lab, 'media/folder/inside');
    renameSync(state('media/folder'), state('media/moved'));
    await staged(lab, 'media/moved/inside');
    await staged(lab, 'media/folder', false);
    rmSync(state('media/moved'), { recursive: true });
    await staged(lab, 'media/moved', false);
    const standing = await following.caughtUp();
    expect(standing).toMatchObject({ v: 1, phase: 'following', note: null });
    expect(standing.forecast?.totalMs).toBeGreaterThan(0);
    expect(readFileSync(join(stagedState(lab), 'media/new.txt'), 'utf8')).toBe('one two');
    expect(lab.running('old')).toHaveLength(1);
    expect(await following.order({ order: 'stop' })).toMatchObject({ ok: true });
    expect(await following.ended).toMatchObject({ outcome: 'staged', running: 'old', exitCode: 0 });
  });

  it('rests while it is told to pause, and catches up when it goes on', async () => {
    following = await startFollowing(lab);
    await following.caughtUp();
    expect(await following.order({ order: 'pause' })).toMatchObject({ ok: true });
    const { rounds } = await waitFor('the round is over', async () => {
      const now = await following?.status();
      return now?.phase === 'paused' ? now : null;
    });
    writeFileSync(state('media/later.txt'), 'x');
    // The gateway writes several times in a second: without a pause this would be some rounds.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await following.status()).toMatchObject({ phase: 'paused', rounds });
    await following.order({ order: 'continue' });
    await staged(lab, 'media/later.txt');
  });

  it('cuts over when it is told to, with every message that the old gateway acknowledged', async () => {
    following = await startFollowing(lab);
    expect(await following.order(cutoverOrder())).toMatchObject({ ok: true });
    expect(await following.ended).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.running('old')).toEqual([]);
    expect(lab.running('new')).toHaveLength(1);
    expect(lab.hub.violations()).toEqual([]);
  });

  it('calls a cutover off that waits for its time when it is told to stop, and whoever waits for it hears of that', async () => {
    following = await startFollowing(lab);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const waiting = following.order(cutoverOrder({ at: later }));
    await expect.poll(async () => (await following?.status())?.phase).toBe('cutover-waiting');
    expect(await following.order({ order: 'stop' })).toMatchObject({ ok: true });
    expect(await waiting).toMatchObject({ ok: false, problem: { code: 'run-not-ready' } });
    expect(await following.ended).toMatchObject({ outcome: 'staged', running: 'old', exitCode: 0 });
    expect(lab.running('old')).toHaveLength(1);
  });

  it('does not cut an agent off in the middle of its turn, unless it is forced to', async () => {
    following = await startFollowing(lab);
    lab.setTraps('old', { 'turn-runs': true });
    await expect.poll(() => readFileSync(state('agents/main/sessions/main.jsonl.lock'), 'utf8')).not.toBe('');
    const refused = await following.order(cutoverOrder());
    expect(refused).toMatchObject({ ok: false, problem: { code: 'turn-running' } });
    expect(lab.running('old')).toHaveLength(1);
    expect(await following.order(cutoverOrder({ force: true }))).toMatchObject({ ok: true });
    expect(await following.ended).toMatchObject({ outcome: 'moved', running: 'new' });
  });
});
