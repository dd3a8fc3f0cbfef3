import { chmod, chown, mkdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { createRun, listRuns, openRun, stateHome, type StateHome } from '../../src/run/runs.ts';
import { tempFolder } from './temp-folder.ts';
import { NOVEMBER_MS, TestClock } from './test-clock.ts';

async function newHome(): Promise<StateHome> {
  const home = await tempFolder();
  return stateHome({ env: {}, home, uid: (await stat(home)).uid });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no problem',
    (error: unknown) => (error instanceof ProblemError ? error.problem.code : String(error)),
  );
}

describe('the state home', () => {
  it('follows XDG_STATE_HOME, when it is absolute', () => {
    const account = { home: '/home/al', uid: 1 };
    expect(stateHome({ ...account, env: {} }).path).toBe('/home/al/.local/state/neo-pull');
    expect(stateHome({ ...account, env: { XDG_STATE_HOME: '/var/al' } }).path).toBe('/var/al/neo-pull');
    expect(stateHome({ ...account, env: { XDG_STATE_HOME: 'relative' } }).path).toBe('/home/al/.local/state/neo-pull');
    expect(stateHome({ ...account, env: { XDG_STATE_HOME: '' } }).path).toBe('/home/al/.local/state/neo-pull');
  });
});

describe('a run', () => {
  it('gets a folder that only we can look into, named by its time', async () => {
    const home = await newHome();
    const run = await createRun(home, new TestClock());
    expect(run.id).toMatch(/^20261122-143015-[2-9a-z]{4}$/);
    expect(run.path).toBe(join(home.path, 'runs', run.id));
    for (const path of [home.path, join(home.path, 'runs'), run.path])
      expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  // F77
  it('sorts after those before it, in one second and with the clock set back', async () => {
    const home = await newHome();
    const clock = new TestClock();
    const made = [await createRun(home, clock), await createRun(home, clock)];
    clock.nowMs = NOVEMBER_MS - 3_600_000;
    made.push(await createRun(home, clock));
    expect(await listRuns(home)).toEqual(made);
    expect(await openRun(home, null)).toEqual(made[2]);
  });

  it('is found by its id, by the beginning of it, or as the latest', async () => {
    const home = await newHome();
    const clock = new TestClock();
    const first = await createRun(home, clock);
    clock.nowMs += 86_400_000;
    const second = await createRun(home, clock);
    expect(await openRun(home, first.id)).toEqual(first);
    expect(await openRun(home, '20261122')).toEqual(first);
    expect(await openRun(home, null)).toEqual(second);
    expect(await codeOf(openRun(home, '2026112'))).toBe('option-invalid');
    await expect(openRun(home, '2026112')).rejects.toThrow(second.id);
  });

  it.each(['2027', '', '../runs', '*', '/'])('is run-unknown by the name %j', async (wanted) => {
    const home = await newHome();
    expect(await codeOf(openRun(home, wanted))).toBe('run-unknown');
    await createRun(home, new TestClock());
    expect(await codeOf(openRun(home, wanted))).toBe('run-unknown');
  });

  it('is run-unknown where there is none, and nothing is made by looking', async () => {
    const home = await newHome();
    expect(await listRuns(home)).toEqual([]);
    expect(await codeOf(openRun(home, null))).toBe('run-unknown');
    await expect(stat(home.path)).rejects.toThrow('ENOENT');
  });

  it('is not any other thing that lies there', async () => {
    const home = await newHome();
    const run = await createRun(home, new TestClock());
    await writeFile(join(home.path, 'runs', 'note.txt'), '');
    await mkdir(join(home.path, 'runs', '20261122'));
    expect(await listRuns(home)).toEqual([run]);
  });
});

// F58, F123
describe('a folder in which others could write is refused', () => {
  const spoilers: Record<string, (path: string) => Promise<void>> = {
    'writable for its group': (path) => chmod(path, 0o770),
    'writable for all': (path) => chmod(path, 0o707),
    'reached by a link': async (path) => {
      await rename(path, `${path}.real`);
      await symlink(`${path}.real`, path);
    },
  };

  it.each(Object.entries(spoilers))('%s', async (_what, spoil) => {
    for (const which of ['home', 'runs', 'run'] as const) {
      const home = await newHome();
      const run = await createRun(home, new TestClock());
      await spoil({ home: home.path, runs: join(home.path, 'runs'), run: run.path }[which]);
      expect(await codeOf(openRun(home, run.id))).toBe('option-invalid');
      if (which !== 'run') expect(await codeOf(createRun(home, new TestClock()))).toBe('option-invalid');
    }
  });

  it('made by another user before us', async () => {
    const home = await newHome();
    await createRun(home, new TestClock());
    const other = { ...home, uid: home.uid + 1 };
    expect(await codeOf(createRun(other, new TestClock()))).toBe('option-invalid');
    expect(await codeOf(listRuns(other))).toBe('option-invalid');
    if (home.uid === 0) await chown(home.path, 12345, 0);
    else await chmod(home.path, 0o777);
    expect(await codeOf(listRuns(home))).toBe('option-invalid');
  });

  it('in a place where anyone may exchange it', async () => {
    const base = await tempFolder();
    await chmod(base, 0o777);
    const home = stateHome({ env: { XDG_STATE_HOME: base }, home: base, uid: (await stat(base)).uid });
    expect(await codeOf(createRun(home, new TestClock()))).toBe('option-invalid');
    await chmod(base, 0o1777);
    expect(await codeOf(createRun(home, new TestClock()))).toBe('no problem');
  });
});

it('a place where nothing can be made is told as such', async () => {
  const base = await tempFolder();
  await writeFile(join(base, 'file'), '');
  const home = stateHome({ env: { XDG_STATE_HOME: join(base, 'file') }, home: base, uid: (await stat(base)).uid });
  expect(await codeOf(createRun(home, new TestClock()))).toBe('journal-unwritable');
});
