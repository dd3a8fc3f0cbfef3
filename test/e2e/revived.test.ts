import { afterEach, describe, expect, it } from 'vitest';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';

let lab: TempLab | undefined;
afterEach(async () => lab?.destroy());

describe('an old gateway that a login revives between the stop and the fence', () => {
  it('is stopped once more, now for good, and the move goes on (F93)', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'service' }));
    const mover = moverFor(at, {
      onEvent(event) {
        if (event.type === 'step.applied' && event.step === 'stop-old') at.cli('old', 'gateway', 'start', '--json');
      },
    });
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(at.running('old')).toEqual([]);
    expect(at.hub.violations()).toEqual([]);
  });
});
