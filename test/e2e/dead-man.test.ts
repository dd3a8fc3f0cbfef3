import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { Limits } from '../../src/core/plan.ts';
import { pull } from '../../src/visits/pull.ts';
import { resume } from '../../src/visits/resume.ts';
import {
  expectAsBefore,
  expectMoved,
  makeMoverLab,
  orderFor,
  strays,
  type Mode,
  type MoverLab,
} from '../kit/mover-lab.ts';
import { moverFor } from '../kit/mover.ts';
import { finished, makeMoverProgram, type MoverProgram, type MoverWatch } from '../kit/mover-run.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';
import { at, expectRolledBack, systemctl, tryMove } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';

// Whole moves, and switches that take their second.
vi.setConfig({ testTimeout: 150_000 });

const SLOW = process.env['SLOW'] === '1';
/** Long enough for all that is done between two beats; short enough to be waited for. */
const SHORT = { deadManMs: 5000 };

let program: MoverProgram;
let made: MoverLab | null = null;
beforeAll(async () => {
  program = await makeMoverProgram();
});
afterAll(() => program.remove());
afterEach(async () => {
  await made?.lab.destroy();
  made = null;
});

async function make(mode: Mode): Promise<MoverLab> {
  return (made = await makeMoverLab(mode));
}

const isAt =
  (phase: 'step.before' | 'step.applied', step: string) =>
  (event: Event): boolean =>
    event.type === phase && event.step === step;

function move(lab: MoverLab, watch: MoverWatch, command: 'pull' | 'resume' | 'rollback' = 'pull') {
  const order = orderFor(lab, command);
  return program.run({ ...order, limits: { ...order.limits, ...SHORT } }, watch);
}

/** Moves, and is killed at a moment. */
async function killedAt(
  lab: MoverLab,
  when: (event: Event) => boolean,
  limits: Partial<Limits> = SHORT,
): Promise<void> {
  const order = orderFor(lab, 'pull');
  const watch: MoverWatch = { onEvent: (event, signal) => when(event) && signal('SIGKILL') };
  const end = await program.run({ ...order, limits: { ...order.limits, ...limits } }, watch);
  expect(end.signal).toBe('SIGKILL');
}

/** The switch has done its work, with nobody's help. */
async function expectFired({ lab }: MoverLab): Promise<void> {
  const done = join(lab.old.home, '.neo-pull-old/default/dead-man/done.json');
  await waitFor('the switch has put the old gateway back', () => existsSync(done), 60_000);
  expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 1, new: 0 });
  expect(lab.hub.violations()).toEqual([]);
}

function stepsOf(events: readonly Event[]): string[] {
  return events.flatMap((event) =>
    event.type === 'step.applied' ? [event.step] : event.type === 'run.committed' ? ['(committed)'] : [],
  );
}

describe("the dead-man's switch", () => {
  it('is armed before the stop, cancelled and seen gone before the commit, and does nothing after it (F104)', async () => {
    const lab = await make('service');
    const mover = moverFor(lab.lab, { asked: { replace: true }, limits: { soakMs: 0, deadManMs: 60_000 } });
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    const steps = stepsOf(mover.events);
    expect(steps.indexOf('arm-dead-man')).toBe(steps.indexOf('stop-old') - 1);
    expect(steps.indexOf('disarm-dead-man')).toBe(steps.indexOf('(committed)') - 1);
    expect(mover.events.find(({ type }) => type === 'run.armed')).toMatchObject({ timeoutMs: 60_000 });
    expect(strays(lab.lab)).toEqual([]);
    await expectMoved(lab);
  });

  it.each(SLOW ? (['foreground', 'service', 'unenabled'] as const) : (['foreground'] as const))(
    'is the one that starts a gateway (%s) again when a cutover is unwound, exactly as it was found (F107)',
    async (mode) => {
      const lab = await make(mode);
      const mover = moverFor(lab.lab, {
        asked: { replace: true },
        limits: { deadManMs: 60_000 },
        tools: { failAt: 'fence-old' },
      });
      expect(await pull(mover.tools, mover.request)).toMatchObject({
        outcome: 'rolled-back',
        running: 'old',
        exitCode: 9,
      });
      await expectAsBefore(lab);
    },
  );

  const KILLS: readonly (readonly [Mode, 'step.before' | 'step.applied', string])[] = [
    ['foreground', 'step.before', 'fence-old'],
    ['service', 'step.applied', 'swap'],
    ...(SLOW
      ? ([
          'arm-dead-man',
          'nothing-moved-meanwhile',
          'stop-old',
          'fence-old',
          'last-delta',
          'reconcile',
          'doctor',
          'start-quiet',
        ].flatMap((step) =>
          (['foreground', 'service'] as const).map((mode) => [mode, 'step.applied', step] as const),
        ) as readonly (readonly [Mode, 'step.applied', string])[])
      : []),
  ];

  it.each(KILLS)(
    'fires once after a kill of neo-pull (%s, %s %s), and resume sees the old gateway up and puts the rest back (F1, F104)',
    async (mode, phase, step) => {
      const lab = await make(mode);
      await killedAt(lab, isAt(phase, step));
      await expectFired(lab);
      const back = finished(await move(lab, {}, 'resume'));
      expect(back).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 9 });
      expect(back.problem?.code).toBe('dead-man-fired');
      await expectAsBefore(lab);
    },
  );

  it('is not there any more once it was cancelled: a kill between that and the commit is gone on from (F1)', async () => {
    const lab = await make('service');
    await killedAt(lab, isAt('step.applied', 'disarm-dead-man'));
    await waitFor('nothing of neo-pull runs on', () => strays(lab.lab).length === 0);
    expect(lab.lab.running('old')).toEqual([]);
    expect(finished(await move(lab, {}, 'resume'))).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    await expectMoved(lab);
  });

  it('does not keep a person from bringing the old gateway back: resume says what was found at first, and asks (F95)', async () => {
    const lab = await make('service');
    await killedAt(lab, isAt('step.applied', 'last-delta'), { deadManMs: null });
    systemctl(lab.lab, 'enable');
    systemctl(lab.lab, 'start');
    await waitFor('it runs', () => lab.lab.running('old').length === 1);
    const alone = moverFor(lab.lab);
    expect(await resume(alone.tools, null, {})).toMatchObject({ exitCode: 12, problem: { code: 'changed-since' } });
    expect(alone.events.some((event) => event.type === 'notice' && /ran as a service/.test(event.message))).toBe(true);
    const no = moverFor(lab.lab, { tools: { ask: new ScriptedAsk(false) } });
    expect(await resume(no.tools, null, {})).toMatchObject({ exitCode: 12, problem: { code: 'declined' } });
    expect(lab.lab.running('old')).toHaveLength(1);
    const yes = moverFor(lab.lab, { tools: { ask: new ScriptedAsk(true) } });
    expect(await resume(yes.tools, null, {})).toMatchObject({ outcome: 'rolled-back', running: 'old' });
    await expectAsBefore(lab);
  });

  it('fires while neo-pull is held up for longer than its time; going on, it unwinds and never commits', async () => {
    const lab = await make('service');
    const end = await move(lab, {
      onEvent(event, signal) {
        if (!isAt('step.applied', 'copy-is-whole')(event)) return;
        signal('SIGSTOP');
        void expectFired(lab).finally(() => signal('SIGCONT'));
      },
    });
    expect(finished(end)).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 9 });
    expect(finished(end).problem?.code).toBe('dead-man-fired');
    expect(stepsOf(end.events)).not.toContain('(committed)');
    await expectAsBefore(lab);
  });

  it('that cannot be armed ends the move before the stop', () =>
    tryMove(
      {
        runsAs: 'service',
        limits: { deadManMs: 60_000 },
        meanwhile: at('step.before', 'arm-dead-man', ({ old }) =>
          writeFileSync(join(old.home, '.neo-pull-old/default/dead-man'), 'in the way'),
        ),
      },
      (tried) => {
        expectRolledBack(tried, 9, 'dead-man-not-armed');
        expect(tried.events.some(({ type }) => type === 'run.down')).toBe(false);
      },
    ));
});
