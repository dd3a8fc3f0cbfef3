import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/exit.ts';
import { makeLightLab, type LightLab } from '../kit/light-lab/light-lab.ts';
import { gitStatus, nameHome, namesOf } from '../kit/named-home.ts';
import { IMPATIENT, neoPull, type Ended } from '../kit/neo-pull.ts';
import { runCli } from '../kit/side.ts';
import { finishedOf } from '../kit/told.ts';

// A whole move, and once more.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

/** A machine whose homes are in /Users, in a file system of its own, behind a real sshd. */
describe('a move from /Users/olga of a Mac to a home of Linux', () => {
  let lab: LightLab;
  let told: Ended;

  const move = (...flags: string[]): Promise<Ended> => {
    const { user, address, identity, knownHosts, new: here } = lab;
    const argv = [`${user}@${address}`, '--yes', '--json', '-i', identity, '--known-hosts', knownHosts, ...IMPATIENT];
    return neoPull([...argv, ...flags], { env: here.env });
  };
  const live = (): string => join(lab.new.home, '.smart-agent-neo');

  beforeAll(async () => {
    lab = await makeLightLab({
      homes: '/Users',
      sessions: 2,
      config: { elsewhere: { byItsOtherName: '/System/Volumes/Data/Users/olga/.smart-agent-neo/hooks' } },
      furnish: ({ stateDir, home }, homeOnDisk) => {
        nameHome({ stateDir, at: stateDir.replace(home, homeOnDisk) });
      },
    });
    told = await move();
  });
  afterAll(() => lab.destroy());

  it('is made, and the new gateway lists its sessions and agents at their new places', () => {
    expect(lab.state.home).toBe('/Users/olga');
    expect(finishedOf(told), told.stderr).toMatchObject({ outcome: 'moved', running: 'new', exitCode: EXIT.done });
    const { sessions } = JSON.parse(runCli(lab.new, ['sessions', '--json', '--all-agents']).stdout) as {
      sessions: { sessionId: string; transcriptLines: number | null }[];
    };
    expect(sessions.map(({ sessionId }) => sessionId).sort()).toEqual(
      [...lab.state.sessions.main, ...lab.state.sessions.ops].sort(),
    );
    expect(sessions.filter(({ transcriptLines }) => transcriptLines === null)).toEqual([]);
    const agents = JSON.parse(runCli(lab.new, ['agents', 'list', '--json']).stdout) as { workspace: string }[];
    expect(agents.map(({ workspace }) => workspace)).toEqual([
      join(live(), 'workspace'),
      join(live(), 'workspace-ops'),
    ]);
    expect(lab.hub.violations()).toEqual([]);
  });

  it('leaves no live key that names /Users, by either of its names (F57, F114)', () => {
    expect(namesOf('/Users/olga', live())).toEqual([]);
    expect(namesOf('/Users/olga', join(lab.homeOnDisk, '.smart-agent-neo')).length).toBeGreaterThan(10);
    expect(readFileSync(join(live(), 'smart-agent-neo.json'), 'utf8')).toContain(join(live(), 'hooks'));
    expect(gitStatus(live())).toBe('begin\nbegin\n');
  });

  it('is found done by a second one, which changes nothing', async () => {
    expect(finishedOf(await move())).toMatchObject({ outcome: 'already-moved', running: 'new', exitCode: EXIT.done });
    expect(lab.running()).toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
  });
});
