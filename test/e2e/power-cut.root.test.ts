import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { finished, makeMoverProgram, type Finished, type MoverEnd } from '../kit/mover-run.ts';
import {
  bootNew,
  bootOld,
  cutNew,
  cutOld,
  expectAsBefore,
  expectMoved,
  makePowerLab,
  orderFor,
  type PowerLab,
} from '../kit/power-lab.ts';
import { runningOn } from '../kit/side.ts';
import { Turns } from '../kit/turns.ts';
import { linesOf, type Line } from './kill-cases.ts';
import { everyPowerCut, SOME_POWER_CUTS, titleOf, type PowerCut } from './power-cases.ts';

/** Every line of a move, and not three of them; with EVERY=8 each eighth. */
const SLOW = process.env['SLOW'] === '1';
const EVERY = Number(process.env['EVERY'] ?? 1);
const PATIENCE = { timeout: SLOW ? 6 * 3600_000 : 900_000 };

const mover = await makeMoverProgram();
const turns = new Turns(2);
const all = SLOW ? everyPowerCut(await linesOfAMove()) : null;
const chosen = all?.filter((_, at) => at % EVERY === 0) ?? SOME_POWER_CUTS;
let endedWell = 0;

afterAll(() => {
  mover.remove();
  const ofAll = all === null ? '' : `, of ${String(all.length)}`;
  process.stdout.write(`Power cuts: ${String(endedWell)} ended well of ${String(chosen.length)} chosen${ofAll}.\n`);
});

/** A move that nobody disturbs; its lines are the same however the old gateway runs. */
async function linesOfAMove(): Promise<Line[]> {
  const made = await makePowerLab('service', { linger: true });
  try {
    const whole = await mover.run(orderFor(made, 'pull'));
    expect(finished(whole)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    return linesOf(whole.events);
  } finally {
    await made.lab.destroy();
  }
}

/** The move goes on until there, then the power is gone; all is on again when this resolves. */
async function cutDuring(
  made: PowerLab,
  { side, what, end, isBackAtOnce }: PowerCut,
): Promise<{ first: MoverEnd; wasKept: boolean }> {
  let isCut = false;
  let wasKept = false;
  const first = await mover.run(orderFor(made, 'pull', { what, end }), {
    async onHeld(pid) {
      isCut = true;
      wasKept = existsSync(join(made.lab.homeOnDisk, '.neo-pull-old/default/undo/kept.json'));
      if (side === 'new') return cutNew(made, pid);
      await cutOld(made);
      if (isBackAtOnce) await bootOld(made);
      process.kill(pid, 'SIGCONT');
    },
  });
  expect(isCut, JSON.stringify(first.events.at(-1))).toBe(true);
  if (side === 'new') bootNew(made);
  if (side === 'old' && !isBackAtOnce) await bootOld(made);
  return { first, wasKept };
}

async function endsWell(cut: PowerCut): Promise<void> {
  const made = await makePowerLab(cut.mode, cut);
  try {
    const { first, wasKept } = await cutDuring(made, cut);
    expectNotTwo(made, first);
    const then = await mover.run(orderFor(made, cut.then));
    const events = [...first.events, ...then.events];
    const isMoved = whatCameOf(events) === 'moved';
    expect(cut.then === 'resume' || !isMoved, story(then)).toBe(true);
    const runs = isMoved || runsAsFound(cut, { events, wasKept });
    if (isMoved) await expectMoved(made);
    else await expectAsBefore(made, { runs });
    expectTruth(then, { runs, isOver: isOver(first) });
    if (cut.pullsAgain) await movesInTheEnd(made);
    endedWell += 1;
  } finally {
    await made.lab.destroy();
  }
}

function story(end: MoverEnd): string {
  return `${JSON.stringify(end.events.at(-1))} ${end.said}`;
}

function expectNotTwo({ lab }: PowerLab, end: MoverEnd): void {
  expect(lab.hub.violations(), story(end)).toEqual([]);
  expect(lab.running().length + runningOn(lab.new).length, story(end)).toBeLessThanOrEqual(1);
}

/** Does nothing of this run wait for a person? Then `resume` and `rollback` may say that there is nothing to do. */
function isOver({ events }: MoverEnd): boolean {
  const last = events.at(-1);
  if (!events.some(({ type }) => type === 'plan.made')) return true;
  return last?.type === 'run.finished' && ['moved', 'rolled-back', 'refused'].includes(last.outcome);
}

/** The last word that is not a refusal. */
function whatCameOf(events: readonly Event[]): string {
  const words = events.filter((event): event is Finished => event.type === 'run.finished');
  const last = words.findLast(({ outcome }) => outcome !== 'refused' && outcome !== 'failed');
  return last?.outcome === 'already-moved' ? 'moved' : (last?.outcome ?? 'nothing');
}

/**
 * As found: what neo-pull has stopped it has started again. What the power cut has ended before neo-pull stopped it comes back by the
 * machine's own means, at the boot or at the next login, which is that of neo-pull; one that has none stays down, as it would have.
 */
function runsAsFound(
  { side, mode }: PowerCut,
  { events, wasKept }: { events: readonly Event[]; wasKept: boolean },
): boolean {
  if (side === 'new' || mode === 'service') return true;
  if (mode === 'foreground') return wasKept;
  const stop = events.find((event) => event.type === 'step.before' && event.step === 'stop-old');
  return stop?.type === 'step.before' && (stop.before as { ran: string }).ran === 'service';
}

/** What it says of a gateway that does not run any more (I6), and of all others. */
function expectTruth(end: MoverEnd, { runs, isOver: wasOver }: { runs: boolean; isOver: boolean }): void {
  const { outcome, running, exitCode, problem } = finished(end);
  if (outcome === 'refused') expect(wasOver, story(end)).toBe(true);
  else if (runs) expect(exitCode, story(end)).toBe(0);
  else
    expect({ running, exitCode, code: problem?.code }).toEqual({
      running: 'none',
      exitCode: 10,
      code: 'old-not-running',
    });
}

/** Whoever runs it again has the move (I7), once the old gateway runs as it did. */
async function movesInTheEnd(made: PowerLab): Promise<void> {
  const { lab, mode } = made;
  if (lab.running().length + runningOn(lab.new).length === 0) {
    if (mode === 'foreground') await lab.startForeground();
    else lab.exec(['systemctl', '--user', 'start', 'smart-agent-neo-gateway.service']);
  }
  const last = finished(await mover.run(orderFor(made, 'pull')));
  expect(last, JSON.stringify(last)).toMatchObject({ exitCode: 0, running: 'new' });
  await expectMoved(made);
}

describe('a power cut in the middle of a move leads to one gateway and one whole state (F11, F12)', () => {
  it.concurrent.each(chosen.map((cut) => [titleOf(cut), cut] as const))('%s', PATIENCE, (_, cut) =>
    turns.take(() => endsWell(cut)),
  );
});
