import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { expectAsBefore, expectMoved, makeMoverLab, orderFor, type Mode, type MoverLab } from '../kit/mover-lab.ts';
import { finished, makeMoverProgram, type MoverEnd } from '../kit/mover-run.ts';

const PATIENCE = { timeout: 120_000 };
const mover = await makeMoverProgram();
let made: MoverLab | undefined;

afterEach(async () => made?.lab.destroy());
afterAll(() => mover.remove());

async function labIn(mode: Mode): Promise<MoverLab> {
  made = await makeMoverLab(mode);
  return made;
}

function is(event: Event, what: string): boolean {
  return what === ('step' in event ? `${event.type} ${event.step}` : event.type);
}

/** A move that gets a signal at each of these moments. */
function pullWith(
  lab: MoverLab,
  moments: readonly (readonly [what: string, name: NodeJS.Signals])[],
): Promise<MoverEnd> {
  return mover.run(orderFor(lab, 'pull'), {
    onEvent(event, signal) {
      for (const [what, name] of moments) if (is(event, what)) signal(name);
    },
  });
}

describe('one signal', () => {
  it.each([
    ['SIGINT', 130, 'foreground'],
    ['SIGTERM', 143, 'service'],
    ['SIGHUP', 143, 'unenabled'],
  ] as const)('%s in the cutover: everything is put back, exit %i (F4, F5, F6)', PATIENCE, async (name, code, mode) => {
    const lab = await labIn(mode);
    const end = await pullWith(lab, [['step.before last-delta', name]]);
    expect(end.code).toBe(code);
    expect(finished(end)).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    await expectAsBefore(lab);
    expect(finished(await mover.run(orderFor(lab, 'pull')))).toMatchObject({ outcome: 'moved', exitCode: 0 });
    await expectMoved(lab);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s while it copies: nothing was changed, exit %i, and resume moves (F4, F5)',
    PATIENCE,
    async (name, code) => {
      const lab = await labIn('foreground');
      const end = await pullWith(lab, [['step.before seed', name]]);
      expect(end.code).toBe(code);
      expect(finished(end)).toMatchObject({ outcome: 'interrupted', running: 'old' });
      await expectAsBefore(lab);
      expect(finished(await mover.run(orderFor(lab, 'resume')))).toMatchObject({ outcome: 'moved', exitCode: 0 });
      await expectMoved(lab);
    },
  );

  it('SIGINT after the commit: nothing is put back, exit 130, and resume ends the move (F4)', PATIENCE, async () => {
    const lab = await labIn('service');
    const end = await pullWith(lab, [['step.applied commit', 'SIGINT']]);
    expect(end.code).toBe(130);
    expect(finished(end).outcome).toBe('interrupted');
    expect(lab.lab.running('old')).toEqual([]);
    expect(finished(await mover.run(orderFor(lab, 'resume')))).toMatchObject({ outcome: 'moved', exitCode: 0 });
    await expectMoved(lab);
  });
});

describe('a second signal ends it at once', () => {
  it.each([
    ['SIGINT', 130, 'rollback', 'foreground'],
    ['SIGTERM', 143, 'resume', 'service'],
  ] as const)(
    '%s twice: exit %i on the way back, which %s brings to its end (F4)',
    PATIENCE,
    async (name, code, then, mode) => {
      const lab = await labIn(mode);
      const end = await pullWith(lab, [
        ['step.applied start-quiet', name],
        ['step.undoing stop-old', name],
      ]);
      expect(end.code).toBe(code);
      expect(end.events.at(-1)?.type).not.toBe('run.finished');
      expect(finished(await mover.run(orderFor(lab, then)))).toMatchObject({ outcome: 'rolled-back', running: 'old' });
      await expectAsBefore(lab);
    },
  );
});
