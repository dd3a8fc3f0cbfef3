import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { ExitCode } from '../../src/core/exit.ts';
import type { ProblemCode } from '../../src/core/problem.ts';
import { pull } from '../../src/visits/pull.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { moverFor, type Mover, type MoverOptions } from './mover.ts';
import { expectAsPictured, takePicture, type Picture } from './picture.ts';
import { makeTempLab, type TempLab, type TempLabOptions } from './temp-lab.ts';

/** A thing done to the machines at a moment of a move. */
export type Meanwhile = (event: Event, lab: TempLab) => void;

/** A move that was tried: its lab, as both machines were before, and what came of it. */
export interface Tried {
  readonly lab: TempLab;
  readonly was: Picture;
  readonly verdict: Verdict;
  readonly mover: Mover;
  readonly events: readonly Event[];
}

/** How the old gateway runs and what goes wrong; `prepare` is done before the picture is taken. */
export interface Trial extends TempLabOptions, Omit<MoverOptions, 'onEvent'> {
  readonly prepare?: (lab: TempLab) => void | Promise<void>;
  readonly meanwhile?: Meanwhile;
}

/** Makes a small lab, tries a move in it, hands both over, and takes the lab away. */
export async function tryMove(trial: Trial, judge: (tried: Tried) => void | Promise<void>): Promise<void> {
  const lab = await makeTempLab({ sessions: 2, ...trial });
  try {
    await trial.prepare?.(lab);
    const was = takePicture(lab);
    const mover = moverFor(lab, { ...trial, onEvent: (event) => trial.meanwhile?.(event, lab) });
    const verdict = await pull(mover.tools, mover.request);
    await judge({ lab, was, verdict, mover, events: mover.events });
  } finally {
    await lab.destroy();
  }
}

/** It was rolled back for this reason, with what to do next; both machines are as they were, what was live here byte for byte. */
export function expectRolledBack({ lab, was, verdict, events }: Tried, exitCode: ExitCode, code: ProblemCode): void {
  expect(verdict).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode, problem: { code } });
  expect(verdict.problem?.hint).not.toBe('');
  expect(events.at(-1)).toMatchObject({ type: 'run.finished', outcome: 'rolled-back', running: 'old', exitCode });
  expectAsPictured(lab, was, { staged: true });
}

/** Does it when this step begins, or when it was applied. */
export function at(phase: 'step.before' | 'step.applied', step: string, act: (lab: TempLab) => void): Meanwhile {
  return (event, lab) => {
    if (event.type === phase && event.step === step) act(lab);
  };
}

/** What a login does on the old machine, or a boot of it: whatever is enabled is started. */
export function login(lab: TempLab): void {
  systemctl(lab, 'start', 'default.target');
}

/** Tells the service manager of the old machine to do something with the gateway's unit. */
export function systemctl(
  { old }: TempLab,
  verb: 'start' | 'stop' | 'enable' | 'disable',
  unit = 'smart-agent-neo-gateway.service',
): void {
  const argv = ['--user', verb, unit];
  const { status, stderr } = spawnSync('systemctl', argv, { env: { ...old.env }, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
