import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { expectAsBefore, expectMoved, makeMoverLab, orderFor, type Mode, type MoverLab } from '../kit/mover-lab.ts';
import type { MoverOrder } from '../kit/mover-order.ts';
import { finished, makeMoverProgram, type MoverEnd } from '../kit/mover-run.ts';
import { Turns } from '../kit/turns.ts';
import { waitFor } from '../kit/wait.ts';
import { linesOf, type Line } from './kill-cases.ts';

const SLOW = process.env['SLOW'] === '1';
const PATIENCE = { timeout: SLOW ? 4 * 3600_000 : 900_000 };
/** One of so many lines of the way back; the ends alternate. */
const EVERY = SLOW ? 1 : 15;
const INSTANTS = SLOW ? 200 : 3;
const SEED = 20261122;

const mover = await makeMoverProgram();
const turns = new Turns(SLOW ? 2 : 1);
/** The line that makes the longest way back which a move takes by itself. */
const { moveMs, lastLine, wayBack } = await measured();
let endedWell = 0;

afterAll(() => {
  mover.remove();
  const chosen = killsOnTheWayBack().length + instants().length;
  process.stdout.write(`Killed on the way back and at random: ${String(endedWell)} ended well of ${String(chosen)}.\n`);
});

/** How long a move takes, which line comes just before its commit, and the lines of a rollback from there. */
async function measured(): Promise<{ moveMs: number; lastLine: number; wayBack: readonly Line[] }> {
  return withLab('foreground', async (made) => {
    const whole = await mover.run(orderFor(made, 'pull'));
    expect(finished(whole).outcome).toBe('moved');
    const lines = linesOf(whole.events);
    const before = lines.findIndex(({ what }) => what === 'step.before commit') + 1;
    const back = await withLab('foreground', (other) => broughtBack(other, before));
    return { moveMs: whole.ms, lastLine: before, wayBack: linesOf(back.events) };
  });
}

async function broughtBack(made: MoverLab, line: number): Promise<MoverEnd> {
  await mover.run(orderFor(made, 'pull', { line, end: 'after' }));
  const back = await mover.run(orderFor(made, 'rollback'));
  expect(finished(back).outcome).toBe('rolled-back');
  return back;
}

async function withLab<T>(
  mode: Mode,
  work: (made: MoverLab) => Promise<T>,
  traps: Parameters<typeof makeMoverLab>[1] = {},
): Promise<T> {
  const made = await makeMoverLab(mode, traps);
  try {
    return await work(made);
  } finally {
    await made.lab.destroy();
  }
}

type WayBackKill = readonly [
  title: string,
  kill: NonNullable<MoverOrder['kill']>,
  then: 'resume' | 'rollback',
  mode: Mode,
];

function killsOnTheWayBack(): WayBackKill[] {
  return wayBack.flatMap(({ what }, at) => {
    const ends = SLOW ? (['before', 'after'] as const) : ([at % (2 * EVERY) === 0 ? 'before' : 'after'] as const);
    if (at % EVERY !== 0) return [];
    return ends.map((end, which) => {
      const then = (at + which) % 2 === 0 ? 'rollback' : 'resume';
      const mode = (Math.floor(at / EVERY) + which) % 2 === 0 ? 'service' : 'foreground';
      return [
        `${mode}: killed ${end} line ${String(at + 1)} (${what}), then ${then}`,
        { line: at + 1, end },
        then,
        mode,
      ] as const;
    });
  });
}

describe('a rollback that is killed is brought to its end by another one, or by resume (F2, F102)', () => {
  it.concurrent.each(killsOnTheWayBack())('%s', PATIENCE, (_, kill, then, mode) =>
    turns.take(() =>
      withLab(mode, async (made) => {
        await mover.run(orderFor(made, 'pull', { line: lastLine, end: 'after' }));
        expect((await mover.run(orderFor(made, 'rollback', kill))).signal).toBe('SIGKILL');
        const isOver = kill.line === wayBack.length && kill.end === 'after';
        const end = finished(await mover.run(orderFor(made, isOver ? 'rollback' : then)));
        // Killed before it had said that it goes back, it had not begun to; resume then goes on with the move.
        const goesForward =
          then === 'resume' &&
          kill.line + (kill.end === 'after' ? 1 : 0) <= wayBack.findIndex(({ what }) => what === 'run.unwinding') + 1;
        expect(end, JSON.stringify(end)).toMatchObject(
          goesForward ? { outcome: 'moved', running: 'new' } : { outcome: 'rolled-back', running: 'old' },
        );
        await (goesForward ? expectMoved : expectAsBefore)(made);
        endedWell += 1;
      }),
    ),
  );
});

/** The same numbers for the same seed (mulberry32). */
function* randomNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** Fractions of the time that a move takes. */
function instants(): (readonly [title: string, fraction: number, then: 'resume' | 'rollback', mode: Mode])[] {
  const random = randomNumbers(SEED);
  return Array.from({ length: INSTANTS }, (_, at) => {
    const fraction = random.next().value;
    const then = at % 2 === 0 ? 'resume' : 'rollback';
    const mode = at % 4 < 2 ? 'foreground' : 'service';
    return [`${mode}: killed after ${(fraction * 100).toFixed(1)} % of its time, then ${then}`, fraction, then, mode];
  });
}

describe('a move that is killed at a random instant leads to one gateway and one whole state (F3)', () => {
  it.concurrent.each(instants())('%s', PATIENCE, (_, fraction, then, mode) =>
    turns.take(() =>
      withLab(mode, async (made) => {
        await mover.run(orderFor(made, 'pull'), { killAfterMs: fraction * moveMs });
        const end = finished(await mover.run(orderFor(made, then)));
        if (end.outcome === 'refused') expect(['run-unknown', 'run-not-ready']).toContain(end.problem?.code);
        else
          expect(end, JSON.stringify(end)).toMatchObject({ exitCode: 0, running: then === 'resume' ? 'new' : 'old' });
        await (end.running === 'new' ? expectMoved : expectAsBefore)(made);
        endedWell += 1;
      }),
    ),
  );
});

describe('a gateway that was told to stop and takes its time', () => {
  it('is not taken for one that runs on: a rollback waits for its end and starts it again (F92)', PATIENCE, () =>
    turns.take(() =>
      withLab(
        'foreground',
        async (made) => {
          const [first] = made.lab.running('old');
          let kill: (() => void) | undefined;
          const killed = mover.run(orderFor(made, 'pull'), {
            onEvent: ({ type }, signal) => {
              if (type === 'run.down') kill = () => signal('SIGKILL');
            },
          });
          // What it was started with is kept just before it is told to stop; it drains for two seconds then.
          await waitFor(
            'it is about to be told',
            () => existsSync(join(made.lab.old.home, '.neo-pull-old/default/undo/kept.json')),
            60_000,
          );
          await sleep(500);
          kill?.();
          expect((await killed).signal).toBe('SIGKILL');
          expect(finished(await mover.run(orderFor(made, 'rollback')))).toMatchObject({
            outcome: 'rolled-back',
            running: 'old',
          });
          await sleep(2500);
          await expectAsBefore(made);
          expect(made.lab.running('old')).not.toEqual([first]);
        },
        { 'slow-stop': 2000 },
      ),
    ),
  );
});
