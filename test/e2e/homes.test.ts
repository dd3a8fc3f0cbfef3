import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { gitStatus, nameHome, namesOf } from '../kit/named-home.ts';
import { expectAsPictured, takePicture } from '../kit/picture.ts';
import type { TempLab } from '../kit/temp-lab.ts';
import { tryMove, type Tried } from '../kit/try-move.ts';

// Whole moves, and each once more.
vi.setConfig({ testTimeout: 150_000 });

interface Told {
  readonly sessions: readonly { readonly sessionId: string; readonly transcriptLines: number | null }[];
}

/** Nothing that lives names the old home, everything is listed, and a second move finds it done. */
async function expectAtHome({ lab, verdict }: Tried): Promise<void> {
  expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
  const live = join(lab.new.home, '.smart-agent-neo');
  expect(namesOf(lab.old.home, live)).toEqual([]);
  expect(namesOf(lab.old.home, lab.state.stateDir).length).toBeGreaterThan(10);
  expect(gitStatus(live)).toBe('begin\nbegin\n');
  const { sessions } = JSON.parse(lab.cli('new', 'sessions', '--json', '--all-agents').stdout) as Told;
  const ids = [...lab.state.sessions.main, ...lab.state.sessions.ops];
  expect(sessions.map(({ sessionId }) => sessionId).sort()).toEqual(ids.sort());
  expect(sessions.filter(({ transcriptLines }) => transcriptLines === null)).toEqual([]);
  const agents = JSON.parse(lab.cli('new', 'agents', 'list', '--json').stdout) as { workspace: string }[];
  expect(agents.map(({ workspace }) => workspace)).toEqual([join(live, 'workspace'), join(live, 'workspace-ops')]);
  await expectAlreadyMoved(lab);
}

async function expectAlreadyMoved(lab: TempLab): Promise<void> {
  const was = takePicture(lab);
  const { tools, request } = moverFor(lab);
  expect(await pull(tools, request)).toMatchObject({ outcome: 'already-moved', running: 'new', exitCode: 0 });
  expectAsPictured(lab, was, { staged: true });
}

const prepare = ({ state }: TempLab): void => {
  nameHome(state);
};

describe('a move between two users', () => {
  it('with a space in the home of the new one leaves no live key that names the old home (F57, F114)', () =>
    tryMove({ homes: { new: 'home/nick n' }, runsAs: 'foreground', prepare }, expectAtHome));

  it('with a space in the home of the old one does too, and the service is found and made by its quoted unit', () =>
    tryMove({ homes: { old: 'home/olga o' }, runsAs: 'service', prepare }, expectAtHome));
});
