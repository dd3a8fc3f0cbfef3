import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resume } from '../../src/visits/resume.ts';
import { rollback } from '../../src/visits/rollback.ts';
import type { Tools, Verdict } from '../../src/visits/visit.ts';
import { moverFor } from '../kit/mover.ts';
import { finished, makeMoverProgram, type MoverProgram } from '../kit/mover-run.ts';
import { expectAsBefore, expectMoved, makeMoverLab, orderFor, type MoverLab } from '../kit/mover-lab.ts';

const SLOW = process.env['SLOW'] === '1';

let program: MoverProgram;
beforeAll(async () => {
  program = await makeMoverProgram();
});
afterAll(() => program.remove());

let made: MoverLab;
beforeAll(async () => {
  made = await makeMoverLab('service');
}, 60_000);
afterAll(async () => made.lab.destroy());

function scratches(): string[] {
  const folder = join(made.lab.new.home, '.neo-pull');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('rehearsal-')) : [];
}

/** Kills a rehearsal right after this step, and sees that it has left what it has to. */
async function killedAfter(step: string): Promise<void> {
  const end = await program.run(orderFor(made, 'rehearse'), {
    onEvent(event, signal) {
      if (event.type === 'step.applied' && event.step === step) signal('SIGKILL');
    },
  });
  expect([end.signal, end.said]).toEqual(['SIGKILL', '']);
  expect(scratches()).toHaveLength(1);
}

async function withoutTheOldMachine(act: (tools: Tools) => Promise<Verdict>): Promise<Verdict> {
  const { tools } = moverFor(made.lab, {
    tools: { connect: () => Promise.reject(new Error('the old machine is asked for nothing')) },
  });
  return act(tools);
}

describe('a rehearsal that is killed (F3)', () => {
  it.each(SLOW ? (['rollback', 'resume'] as const) : (['rollback'] as const))(
    'is cleaned up by %s, with the gateway that it had started, without the old machine',
    async (command) => {
      await killedAfter('rehearse-start-quiet');
      expect(made.lab.running('new')).toHaveLength(1);
      const verdict = await withoutTheOldMachine((tools) =>
        command === 'resume' ? resume(tools, null, {}) : rollback(tools, null, { connect: {}, afterCommit: false }),
      );
      expect(verdict).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 0, problem: null });
      expect(scratches()).toEqual([]);
      await expectAsBefore(made);
    },
  );

  it('is cleaned up by the next one, which takes everything away when it is told to end in its middle (F4)', async () => {
    await killedAfter('rehearse-reconcile');
    const end = await program.run(orderFor(made, 'rehearse'), {
      onEvent(event, signal) {
        if (event.type === 'step.before' && event.step === 'rehearse-doctor') signal('SIGINT');
      },
    });
    expect(finished(end)).toMatchObject({ outcome: 'interrupted', running: 'old', exitCode: 130 });
    expect(scratches()).toEqual([]);
    await expectAsBefore(made);
  });

  it('is cleaned up by a move, which goes well', async () => {
    await killedAfter('rehearse-scratch');
    const end = await program.run(orderFor(made, 'pull'));
    expect(finished(end)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    expect(scratches()).toEqual([]);
    await expectMoved(made);
  });
});
