import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { join } from 'node:path';
import { pull } from '../../src/visits/pull.ts';
import { moverFor } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';

let lab: TempLab;
beforeAll(async () => (lab = await makeTempLab({ runsAs: 'service', sessions: 2 })));
afterAll(() => lab.destroy());

it('what changed during the first copy goes over before the stop when the downtime is to be short, and what is forecast is told where it stays too long', async () => {
  const late = join(lab.state.workspaces.main, 'late.md');
  const { tools, request, events } = moverFor(lab, {
    limits: { downtimeMs: 1 },
    onEvent: (event) => {
      if (event.type === 'step.applied' && event.step === 'seed') appendFileSync(late, 'x'.repeat(100_000));
    },
  });
  expect(await pull(tools, request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
  const rounds = events.flatMap((event) => (event.type === 'round.done' ? [event] : []));
  expect(rounds.length).toBeGreaterThanOrEqual(2);
  expect(rounds.length).toBeLessThanOrEqual(6);
  const down = events.findIndex(({ type }) => type === 'run.down');
  expect(events.findLastIndex(({ type }) => type === 'round.done')).toBeLessThan(down);
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'notice',
      message: expect.stringContaining('above the 0.0 s of --max-downtime') as string,
    }),
  );
});
