import { mkdirSync, readFileSync, symlinkSync, utimesSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { pull } from '../../src/visits/pull.ts';
import { resume } from '../../src/visits/resume.ts';
import { rollback } from '../../src/visits/rollback.ts';
import { moverFor } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';

let lab: TempLab | undefined;
afterEach(async () => {
  await lab?.destroy();
  lab = undefined;
});

const BACK = { connect: {}, afterCommit: true };

describe('what happens at odd moments', () => {
  it('Ctrl-C between the commit and the start is heeded after the start: somebody runs', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'service' }));
    const controller = new AbortController();
    const mover = moverFor(at, {
      tools: { interrupt: { signal: controller.signal, shield: () => undefined } },
      onEvent: (event) => {
        if (event.type === 'run.committed')
          controller.abort(fail('interrupted', { message: 'Ctrl-C', hint: 'resume' }));
      },
    });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({ outcome: 'interrupted', running: 'new', exitCode: 130 });
    expect(at.running('new')).not.toEqual([]);
    const again = moverFor(at);
    expect(await resume(again.tools, null, {})).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(at.hub.violations()).toEqual([]);
  });

  it('an old gateway that somebody starts after the commit keeps the new one from starting, and everything goes back', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'service' }));
    const mover = moverFor(at, {
      onEvent: (event) => {
        if (event.type === 'run.committed')
          at.cli('old', 'gateway', 'install', '--force', '--port', String(at.port), '--json');
      },
    });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({
      outcome: 'rolled-back',
      running: 'old',
      exitCode: 9,
      problem: { code: 'old-alive' },
    });
    expect(at.running('new')).toEqual([]);
    expect(at.running('old')).not.toEqual([]);
    expect(at.hub.violations()).toEqual([]);
  });

  it('a workspace that the config names only since the look unwinds the cutover, and a second try moves it', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'service' }));
    const fresh = join(at.old.home, 'workspace-new');
    const mover = moverFor(at, {
      onEvent: (event) => {
        if (event.type !== 'step.applied' || event.step !== 'seed') return;
        mkdirSync(fresh, { recursive: true });
        writeFileSync(join(fresh, 'MEMORY.md'), 'new\n');
        const config = readFileSync(at.state.configPath, 'utf8');
        writeFileSync(at.state.configPath, config.replace(at.state.workspaces.ops, fresh));
      },
    });
    const verdict = await pull(mover.tools, mover.request);
    expect(verdict).toMatchObject({
      outcome: 'rolled-back',
      running: 'old',
      exitCode: 8,
      problem: { code: 'root-appeared' },
    });
    const again = moverFor(at);
    expect(await pull(again.tools, again.request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    expect(existsSync(join(at.new.home, 'workspace-new', 'MEMORY.md'))).toBe(true);
  });

  it('a copy that differs where size and time say nothing is found by its content, and mended at once (F83)', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'foreground' }));
    const file = join(at.state.workspaces.main, 'MEMORY-same-size.md');
    writeFileSync(file, 'one\n');
    const mover = moverFor(at, {
      onEvent: (event) => {
        if (event.type !== 'step.applied' || event.step !== 'seed') return;
        const { atime, mtime } = statSync(file);
        writeFileSync(file, 'two\n');
        utimesSync(file, atime, mtime);
        // The same again on the copy: equal in size and time to the last bit that rsync looks at.
        const copy = join(at.new.home, '.neo-pull/smart-agent-neo-state.staging', 'workspace', 'MEMORY-same-size.md');
        utimesSync(copy, atime, mtime);
      },
    });
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
    expect(readFileSync(join(at.new.home, '.smart-agent-neo/workspace/MEMORY-same-size.md'), 'utf8')).toBe('two\n');
  });

  it('an old gateway that cannot be started again keeps what it is started with, and a later rollback brings it back', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'foreground' }));
    const mover = moverFor(at, {
      tools: { failAt: 'copy-is-whole' },
      limits: { startMs: 2500 },
      onEvent: (event) => {
        if (event.type === 'step.applied' && event.step === 'last-delta') at.setTraps('old', { 'start-crashes': true });
      },
    });
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'failed', running: 'none', exitCode: 10 });
    expect(existsSync(join(at.old.home, '.neo-pull-old'))).toBe(true);
    at.setTraps('old', {});
    const back = moverFor(at);
    expect(await rollback(back.tools, null, BACK)).toMatchObject({
      outcome: 'rolled-back',
      running: 'old',
      exitCode: 0,
    });
    expect(at.running('old')).not.toEqual([]);
    expect(existsSync(join(at.old.home, '.neo-pull-old'))).toBe(false);
  });

  it('a run that was rolled back is not resumed: that would be a move that nobody asked for', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'foreground' }));
    const mover = moverFor(at, { tools: { failAt: 'last-delta' } });
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'rolled-back', exitCode: 9 });
    const before = at.running('old');
    const again = moverFor(at, { tools: { yes: false } });
    expect(await resume(again.tools, null, {})).toMatchObject({
      outcome: 'refused',
      exitCode: 2,
      problem: { code: 'run-not-ready' },
    });
    expect(at.running('old')).toEqual(before);
  });

  it('a live state dir that is reached through a symlink is swapped behind it', async () => {
    const at = (lab = await makeTempLab({ runsAs: 'foreground' }));
    const elsewhere = join(at.new.home, 'disk', 'live');
    mkdirSync(elsewhere, { recursive: true, mode: 0o700 });
    symlinkSync(elsewhere, join(at.new.home, '.smart-agent-neo'));
    const mover = moverFor(at, { asked: { replace: true } });
    expect(await pull(mover.tools, mover.request)).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(existsSync(join(elsewhere, 'smart-agent-neo.json'))).toBe(true);
  });
});
