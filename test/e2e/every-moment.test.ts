import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Fault, Moments } from '../kit/faults.ts';
import { expectAsBefore, expectMoved, makeMoverLab, orderFor, type MoverLab } from '../kit/mover-lab.ts';
import { finished, makeMoverProgram, type Finished, type MoverEnd } from '../kit/mover-run.ts';
import { Turns } from '../kit/turns.ts';

/** Every moment, and not one of each kind. */
const SLOW = process.env['SLOW'] === '1';
const PATIENCE = { timeout: SLOW ? 4 * 3600_000 : 900_000 };
const KINDS = ['refused', 'killed', 'unheard', 'file'] as const;

const mover = await makeMoverProgram();
const turns = new Turns(2);
const moments = await momentsOfAMove();
const all: readonly Named[] = KINDS.flatMap(everyFault);
const chosen = SLOW ? all : sample();
let endedWell = 0;

afterAll(() => {
  mover.remove();
  process.stdout.write(
    `Something went wrong at one moment of a move: ${String(endedWell)} ended well of ${String(chosen.length)} chosen, of ${String(all.length)} for ${String(moments.commands.length)} commands and ${String(moments.files.length)} changes of files.\n`,
  );
});

type Named = readonly [title: string, fault: Fault];

function everyFault(kind: Fault['kind']): Named[] {
  const names = kind === 'file' ? moments.files : moments.commands;
  return names.map((name, at): Named => [`${kind} ${String(at + 1)}: ${name}`, { kind, at: at + 1 }]);
}

/** Each kind at another part of the move. */
function sample(): Named[] {
  const chosen = KINDS.map((kind, at) => {
    const faults = everyFault(kind);
    return faults[Math.floor(((at + 1) / (KINDS.length + 1)) * faults.length)];
  });
  return chosen.filter((one) => one !== undefined);
}

/** A move in which nothing goes wrong. */
async function momentsOfAMove(): Promise<Moments> {
  const made = await makeMoverLab('service');
  try {
    const momentsFile = join(made.lab.path, 'moments.json');
    const whole = await mover.run({ ...orderFor(made, 'pull'), fault: null, momentsFile });
    expect(finished(whole)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    return JSON.parse(readFileSync(momentsFile, 'utf8')) as Moments;
  } finally {
    await made.lab.destroy();
  }
}

async function goesWrongAndEndsWell(fault: Fault): Promise<void> {
  const made = await makeMoverLab('service');
  try {
    const first = await mover.run({ ...orderFor(made, 'pull'), fault });
    await tellsTheTruth(made, first);
    // Whoever runs it again has the move, or is told that it was made.
    const steps = isOver(first) ? (['pull'] as const) : (['rollback', 'pull'] as const);
    let last: Finished | undefined;
    for (const command of steps) last = finished(await mover.run(orderFor(made, command)));
    expect(last, JSON.stringify(last)).toMatchObject({ exitCode: 0, running: 'new' });
    await expectMoved(made);
    endedWell += 1;
  } finally {
    await made.lab.destroy();
  }
}

function lastWord({ events }: MoverEnd): Finished | null {
  const last = events.at(-1);
  return last?.type === 'run.finished' ? last : null;
}

/** Does nothing of this run wait for a person? */
function isOver(end: MoverEnd): boolean {
  const outcome = lastWord(end)?.outcome;
  return outcome !== undefined && ['moved', 'rolled-back', 'refused'].includes(outcome);
}

/** Never two, and what it says of them is so (I1, I6). */
async function tellsTheTruth(made: MoverLab, end: MoverEnd): Promise<void> {
  const said = lastWord(end);
  const story = `${JSON.stringify(said ?? end.events.at(-1))} ${end.said}`;
  expect(made.lab.hub.violations(), story).toEqual([]);
  const running = { old: made.lab.running('old').length, new: made.lab.running('new').length };
  expect(end.signal, story).toBeNull();
  if (said?.running === 'old') expect(running, story).toEqual({ old: 1, new: 0 });
  if (said?.running === 'new') expect(running, story).toEqual({ old: 0, new: 1 });
  expect(running.old + running.new, story).toBeLessThanOrEqual(1);
  if (said?.outcome === 'rolled-back') await expectAsBefore(made);
  if (said?.outcome === 'moved') await expectMoved(made);
  expect(end.code === 0, story).toBe(said?.exitCode === 0);
}

describe('a move in which one thing goes wrong ends with one gateway and a true word, and can be made again (F4, F5)', () => {
  it.concurrent.each(chosen)('%s', PATIENCE, (_, fault) => turns.take(() => goesWrongAndEndsWell(fault)));
});
