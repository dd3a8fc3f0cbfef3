import { afterEach, describe, expect, it } from 'vitest';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { moverFor } from '../kit/mover.ts';
import { pull } from '../../src/visits/pull.ts';

let lab: TempLab | undefined;
afterEach(async () => lab?.destroy());

describe('a move between two homes', () => {
  it('brings a foreground gateway to the new home, running and whole', async () => {
    lab = await makeTempLab({ runsAs: 'foreground' });
    const mover = moverFor(lab);
    const verdict = await pull(mover.tools, mover.request);
    if (verdict.exitCode !== 0)
      console.log(
        mover.events
          .filter((e) => e.type !== 'progress' && e.type !== 'plan.made' && e.type !== 'run.verified')
          .map((e) => JSON.stringify(e).slice(0, 1500))
          .join('\n'),
      );
    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.running('old')).toHaveLength(0);
    expect(lab.running('new')).not.toHaveLength(0);
    expect(lab.hub.violations()).toEqual([]);
  });
});
