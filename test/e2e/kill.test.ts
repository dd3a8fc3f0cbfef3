import { afterAll, describe, expect, it } from 'vitest';
import { expectAsBefore, expectMoved, makeMoverLab, orderFor, type MoverLab } from '../kit/mover-lab.ts';
import { finished, makeMoverProgram } from '../kit/mover-run.ts';
import { Turns } from '../kit/turns.ts';
import { everyKill, linesOf, someKills, titleOf, type Kill, type Line } from './kill-cases.ts';

/** Everything that can be killed, not only a sample of it. */
const SLOW = process.env['SLOW'] === '1';
/** Lines that have to be on the disk before there is anything to go on with: `run.started` and `plan.made`. */
const UNTIL_PLAN = 2;
const PATIENCE = { timeout: SLOW ? 4 * 3600_000 : 900_000 };

const mover = await makeMoverProgram();
const lines = await linesOfAMove();
const all = everyKill(lines);
const chosen = SLOW ? all : someKills(lines);
const turns = new Turns(2);
let endedWell = 0;

afterAll(() => {
  mover.remove();
  process.stdout.write(
    `Killed at the journal: ${String(endedWell)} ended well of ${String(chosen.length)} chosen, of ${String(all.length)} for ${String(lines.length)} lines.\n`,
  );
});

/** A move that nobody disturbs; its lines are the same however the old gateway runs. */
async function linesOfAMove(): Promise<Line[]> {
  const made = await makeMoverLab('foreground');
  try {
    const whole = await mover.run(orderFor(made, 'pull'));
    expect(finished(whole)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    await expectMoved(made);
    return linesOf(whole.events);
  } finally {
    await made.lab.destroy();
  }
}

async function diesAndEndsWell(kill: Kill): Promise<void> {
  const made = await makeMoverLab(kill.mode);
  try {
    const { line, end } = kill;
    const killed = await mover.run(orderFor(made, 'pull', { line, end }));
    expect(killed.signal, JSON.stringify(killed.events.at(-1))).toBe('SIGKILL');
    const hasPlan = (end === 'before' ? line - 1 : line) >= UNTIL_PLAN;
    await (hasPlan ? goesOn(made, kill) : hasNothingToGoOnWith(made, kill));
    if (kill.pullsAgain) await pullsAgain(made, { isMoved: hasPlan && kill.then === 'resume' });
    endedWell += 1;
  } finally {
    await made.lab.destroy();
  }
}

/** Twice: the second time changes nothing any more (F102). */
async function goesOn(made: MoverLab, { then }: Kill): Promise<void> {
  const pids: number[][] = [];
  for (const outcomes of [
    ['moved', 'already-moved', 'rolled-back'],
    ['already-moved', 'rolled-back'],
  ]) {
    const end = finished(await mover.run(orderFor(made, then)));
    expect(end, JSON.stringify(end)).toMatchObject({ exitCode: 0, running: then === 'resume' ? 'new' : 'old' });
    expect(outcomes).toContain(end.outcome);
    await (then === 'resume' ? expectMoved : expectAsBefore)(made);
    pids.push([...made.lab.running('old'), ...made.lab.running('new')]);
  }
  expect(pids[1]).toEqual(pids[0]);
}

async function hasNothingToGoOnWith(made: MoverLab, { then }: Kill): Promise<void> {
  const end = finished(await mover.run(orderFor(made, then)));
  expect(end).toMatchObject({ outcome: 'refused', running: 'old', problem: { code: 'run-not-ready' } });
  await expectAsBefore(made);
}

async function pullsAgain(made: MoverLab, { isMoved }: { isMoved: boolean }): Promise<void> {
  const end = finished(await mover.run(orderFor(made, 'pull')));
  expect(end, JSON.stringify(end)).toMatchObject({
    exitCode: 0,
    outcome: isMoved ? 'already-moved' : 'moved',
    running: 'new',
  });
  await expectMoved(made);
}

describe('a move that is killed beside a line of its journal leads to one gateway and one whole state (F1, F2)', () => {
  it.concurrent.each(chosen.map((kill) => [titleOf(kill), kill] as const))('%s', PATIENCE, (_, kill) =>
    turns.take(() => diesAndEndsWell(kill)),
  );
});
