import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fail, type ProblemCode } from '../../src/core/problem.ts';
import type { ExitCode } from '../../src/core/exit.ts';
import { pull } from '../../src/visits/pull.ts';
import { rollback } from '../../src/visits/rollback.ts';
import { sync } from '../../src/visits/sync.ts';
import { stagedState } from '../kit/following.ts';
import { moverFor } from '../kit/mover.ts';
import { expectAsPictured, serviceOf } from '../kit/picture.ts';
import type { TempLab } from '../kit/temp-lab.ts';
import { at, expectRolledBack, systemctl, tryMove, type Tried } from '../kit/try-move.ts';
import { inDatabase } from '../sqlite/databases.ts';

// Several whole moves, with the waits of gateways that do not do as they are told.
vi.setConfig({ testTimeout: 150_000 });

/** Rolled back for this reason, before anything was committed. */
function expectTakenBack(tried: Tried, exitCode: ExitCode, code: ProblemCode): void {
  expect(tried.events.some((event) => event.type === 'run.committed')).toBe(false);
  expectRolledBack(tried, exitCode, code);
}

function expectMoved({ lab, verdict }: Tried): void {
  expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
  expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 0, new: 1 });
  expect(serviceOf(lab)).toEqual({ active: false, enabled: false });
  expect(lab.hub.violations()).toEqual([]);
}

describe('an old gateway that does not stop as asked', () => {
  it('moves where its stop lies: its service manager is asked then (F91)', () =>
    tryMove({ runsAs: 'service', traps: { old: { 'stop-lies': true } } }, expectMoved));

  it('moves where its stop hangs (F92)', () =>
    tryMove({ runsAs: 'service', traps: { old: { 'stop-hangs': true } }, limits: { stopMs: 2000 } }, expectMoved));

  it('moves where its stop refuses without a terminal', () =>
    tryMove({ runsAs: 'service', traps: { old: { 'stop-refuses': true } } }, expectMoved));

  it('is never killed where it ignores the signal: 9, and it goes on as the same process', () =>
    tryMove({ runsAs: 'foreground', traps: { old: { 'ignore-term': true } }, limits: { stopMs: 1000 } }, (tried) => {
      expectTakenBack(tried, 9, 'old-did-not-stop');
      expect(tried.verdict.problem?.message).toContain('still lives after 1 s');
    }));

  it('is seen where something brings it back at once: 9 (F93, F94)', () =>
    tryMove(
      { runsAs: 'service', meanwhile: at('step.applied', 'fence-old', (lab) => systemctl(lab, 'start')) },
      (tried) => expectTakenBack(tried, 9, 'old-alive'),
    ));

  it('is seen where something brings it back just before the commit: 9 (F94)', () =>
    tryMove(
      { runsAs: 'service', meanwhile: at('step.applied', 'stop-quiet', (lab) => systemctl(lab, 'start')) },
      (tried) => expectTakenBack(tried, 9, 'old-alive'),
    ));

  it('is seen where a tool of it lives on and writes: 9 (F87)', () =>
    tryMove({ runsAs: 'service', traps: { old: { 'child-survives': true } } }, (tried) =>
      expectTakenBack(tried, 9, 'old-alive'),
    ));

  it('is not taken for fenced where its service was enabled meanwhile: 9', () =>
    tryMove(
      {
        runsAs: 'service',
        prepare: (lab) => systemctl(lab, 'disable'),
        meanwhile: at('step.before', 'fence-old', (lab) => systemctl(lab, 'enable')),
      },
      (tried) => {
        expect(serviceOf(tried.lab)).toEqual({ active: true, enabled: true });
        systemctl(tried.lab, 'disable');
        expectTakenBack(tried, 9, 'fence-failed');
      },
    ));

  it('runs and is disabled again where it ran and was disabled (F107)', () =>
    tryMove({ runsAs: 'service', prepare: (lab) => systemctl(lab, 'disable'), tools: { failAt: 'swap' } }, (tried) => {
      expect(tried.was.service).toEqual({ active: true, enabled: false });
      expectTakenBack(tried, 9, 'failed-on-request');
    }));
});

describe('a database with declared paths that cannot be rewritten', () => {
  it('ends the cutover: 9, and the old gateway goes on with it as it is', () =>
    tryMove(
      {
        runsAs: 'foreground',
        prepare: ({ state }) => {
          mkdirSync(join(state.stateDir, 'state'), { recursive: true });
          writeFileSync(join(state.stateDir, 'state/smart-agent-neo.sqlite'), 'no database');
        },
      },
      (tried) => {
        expectTakenBack(tried, 9, 'rewrite-failed');
        expect(tried.verdict.problem?.message).toContain('state/smart-agent-neo.sqlite');
      },
    ));
});

describe('a database that is damaged on the old machine', () => {
  it('ends the cutover: 8, with its name; without it the move goes on, and no shared memory of an earlier start stays beside a copy (F81)', () =>
    tryMove(
      {
        runsAs: 'foreground',
        prepare: ({ state }) => {
          const file = join(state.workspaces.main, 'index of notes');
          const rows = `for (let n = 0; n < 200; n += 1) db.prepare('INSERT INTO notes VALUES (?)').run('x'.repeat(400));`;
          inDatabase(file, `db.exec('CREATE TABLE notes (text TEXT)'); ${rows} db.close();`);
          const handle = openSync(file, 'r+');
          writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, 3 * 4096);
          closeSync(handle);
        },
      },
      async (tried) => {
        const { lab, verdict } = tried;
        expectTakenBack(tried, 8, 'database-damaged');
        expect(verdict.problem?.message).toContain('index of notes is damaged, as SQLite says');
        const pattern = /--exclude '(.+)'/.exec(verdict.problem?.hint ?? '')?.[1] ?? '';
        const shared = join(stagedState(lab), 'memory/main.sqlite-shm');
        writeFileSync(shared, 'of another life');
        const { tools, request } = moverFor(lab, { asked: { excludes: [pattern] } });
        expect(await sync(tools, request)).toMatchObject({ outcome: 'staged' });
        expect(existsSync(shared)).toBe(false);
        expect(await pull(tools, request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
      },
    ));
});

describe('a copy that is touched meanwhile', () => {
  const late = ({ state }: Tried['lab']): string => join(state.stateDir, 'late.txt');

  it('on the old machine, before it is compared: 8', () =>
    tryMove(
      { runsAs: 'foreground', meanwhile: at('step.applied', 'last-delta', (lab) => writeFileSync(late(lab), 'late')) },
      (tried) => {
        expect(tried.verdict.problem?.message).toContain('late.txt');
        rmSync(late(tried.lab));
        expectTakenBack(tried, 8, 'copy-differs');
      },
    ));

  it('on the old machine, after it was compared: 8, before the commit (F87)', () =>
    tryMove(
      { runsAs: 'foreground', meanwhile: at('step.applied', 'swap', (lab) => writeFileSync(late(lab), 'late')) },
      (tried) => {
        rmSync(late(tried.lab));
        expectTakenBack(tried, 8, 'old-changed');
      },
    ));

  it('in staging, after it was compared: 8', () =>
    tryMove(
      {
        runsAs: 'foreground',
        meanwhile: at('step.applied', 'reconcile', ({ new: { home } }) => {
          writeFileSync(join(home, '.neo-pull/smart-agent-neo-state.staging/intruder.txt'), 'not from the old machine');
        }),
      },
      (tried) => expectTakenBack(tried, 8, 'copy-not-as-planned'),
    ));

  it('where it is to be put, by something that was not there before: 9, and that is not overwritten', () => {
    const live = ({ new: { home } }: Tried['lab']): string => join(home, '.smart-agent-neo');
    return tryMove(
      {
        runsAs: 'foreground',
        meanwhile: at('step.before', 'swap', (lab) => {
          mkdirSync(live(lab));
          writeFileSync(join(live(lab), 'mine'), 'mine');
        }),
      },
      (tried) => {
        expect(readFileSync(join(live(tried.lab), 'mine'), 'utf8')).toBe('mine');
        rmSync(live(tried.lab), { recursive: true });
        expectTakenBack(tried, 9, 'swap-failed');
      },
    );
  });
});

describe('a cutover that has to end', () => {
  it.each(['last-delta', 'start-quiet'])('because of Ctrl-C during %s puts everything back: 130', (step) => {
    const stop = new AbortController();
    const reason = fail('interrupted', { message: 'Interrupted.', hint: 'Look.' });
    return tryMove(
      {
        runsAs: 'service',
        tools: { interrupt: { signal: stop.signal, shield: () => undefined } },
        meanwhile: at('step.before', step, () => stop.abort(reason)),
      },
      (tried) => expectTakenBack(tried, 130, 'interrupted'),
    );
  });

  it('because another run claims the old machine leaves its claim: 11; nothing of that is left when the next try is taken back', () =>
    tryMove({ runsAs: 'foreground', meanwhile: at('step.before', 'claim', claimForMia) }, async (tried) => {
      const { lab, was, verdict } = tried;
      expect(verdict.problem?.message).toContain('mia@third.example');
      expect(readFileSync(join(oursOnOld(lab), 'default/claim'), 'utf8')).toContain('mia@third.example');
      rmSync(oursOnOld(lab), { recursive: true });
      expectTakenBack(tried, 11, 'claimed');

      const next = moverFor(lab, { tools: { failAt: 'start-new' } });
      const committed = await pull(next.tools, next.request);
      expect(committed).toMatchObject({ outcome: 'failed', exitCode: 10, problem: { code: 'failed-on-request' } });
      const unasked = await rollback(moverFor(lab).tools, null, { connect: {}, afterCommit: false });
      expect(unasked).toMatchObject({ outcome: 'refused', exitCode: 12, problem: { code: 'confirmation-needed' } });
      const back = await rollback(moverFor(lab).tools, null, { connect: {}, afterCommit: true });
      expect(back).toMatchObject({ outcome: 'rolled-back', running: 'old', exitCode: 0, problem: null });
      expectAsPictured(lab, was, { staged: true });
    }));

  it('is not begun, and nothing is copied, where another run has claimed the old machine already: 11 (F105)', () =>
    tryMove({ runsAs: 'foreground', prepare: claimForMia }, ({ lab, was, verdict, events }) => {
      expect(verdict).toMatchObject({ outcome: 'refused', running: 'old', exitCode: 11, problem: { code: 'claimed' } });
      expect(events.some((event) => event.type === 'run.started')).toBe(false);
      expectAsPictured(lab, was);
    }));
});

function oursOnOld({ old: { home } }: TempLab): string {
  return join(home, '.neo-pull-old');
}

function claimForMia(lab: TempLab): void {
  mkdirSync(join(oursOnOld(lab), 'default'), { recursive: true, mode: 0o700 });
  const claim = '20260101-000000-abcdef\nmia@third.example\n';
  writeFileSync(join(oursOnOld(lab), 'default/claim'), claim, { mode: 0o600 });
}
