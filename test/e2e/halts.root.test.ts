import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Paper } from '../../src/cli/paper.ts';
import { viewRun } from '../../src/cli/run-view.ts';
import { statusLines } from '../../src/cli/status-lines.ts';
import type { ProblemCode } from '../../src/core/problem.ts';
import { runNamed } from '../../src/visits/earlier-run.ts';
import { sync } from '../../src/visits/sync.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { startFollowing, type Following } from '../kit/following.ts';
import { listTree, type Listed } from '../kit/listing.ts';
import { moverFor, type MoverOptions } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';

const FILES = 450;
const MOST = 380;
const PAPER: Paper = { columns: 400, colour: false, live: false, unicode: false };

let lab: TempLab;
let following: Following | null = null;

/** A workspace that is a root of its own. */
const second = (...names: string[]): string => join(lab.old.home, 'projects/second', ...names);
/** A workspace that is the mount of another file system. */
const third = (): string => join(lab.old.home, 'projects/third');
const disk = (): string => join(lab.old.home, 'disk');
const away = (): string => join(lab.old.home, 'away');

/** The gateway is stopped, so that nothing in staging changes but by us. */
beforeAll(async () => {
  lab = await makeTempLab({ runsAs: 'stopped', sessions: 3 });
  mkdirSync(second(), { recursive: true });
  for (let n = 0; n < FILES; n += 1) writeFileSync(second(`note-${n}.md`), `${n}\n`);
  mkdirSync(third(), { recursive: true });
  mkdirSync(disk());
  writeFileSync(join(disk(), 'MEMORY.md'), 'on a disk of its own\n');
  mount();
  const { configPath, workspaces } = lab.state;
  const config = readFileSync(configPath, 'utf8');
  writeFileSync(configPath, config.replace(workspaces.ops, second()).replace(workspaces.main, third()));
});
afterEach(async () => {
  await following?.end();
  following = null;
});
afterAll(async () => {
  umount();
  await lab.destroy();
});

function mount(): void {
  execFileSync('mount', ['--bind', disk(), third()]);
}

function umount(): void {
  execFileSync('umount', [third()]);
}

/** All that is staged. Directories without their times: what came of a directory until it was known how much of it is gone is no loss. */
function stagings(): Map<string, Listed> {
  const places = [join(lab.new.home, '.neo-pull'), join(lab.new.home, 'projects/.neo-pull')];
  const untimed = (one: Listed): Listed => (one.type === 'd' ? { ...one, mtime: '' } : one);
  return new Map(
    places.flatMap((place) => [...listTree(place)].map(([name, one]) => [`${place}/${name}`, untimed(one)])),
  );
}

function syncAgain(options: MoverOptions = {}): Promise<Verdict> {
  const { tools, request } = moverFor(lab, { ...options, tools: { command: 'sync olga@old.example' } });
  return sync(tools, request);
}

async function statusText(): Promise<string> {
  const { tools } = moverFor(lab);
  const view = await viewRun(tools.stateHome, await runNamed(tools.stateHome, null));
  return statusLines(view, PAPER).join('\n');
}

interface Accident {
  readonly what: string;
  readonly code: ProblemCode;
  /** Returns what mends it. */
  readonly happens: () => () => void;
}

const ACCIDENTS: readonly Accident[] = [
  {
    what: 'a directory that is gone',
    code: 'source-gone',
    happens() {
      renameSync(second(), away());
      return () => renameSync(away(), second());
    },
  },
  {
    what: 'a directory that has become a file',
    code: 'source-gone',
    happens() {
      renameSync(second(), away());
      writeFileSync(second(), 'a file');
      return () => {
        rmSync(second());
        renameSync(away(), second());
      };
    },
  },
  {
    what: 'a directory that was emptied',
    code: 'source-emptied',
    happens() {
      renameSync(second(), away());
      mkdirSync(second());
      return () => {
        rmSync(second(), { recursive: true });
        renameSync(away(), second());
      };
    },
  },
  {
    what: 'a mount that went',
    code: 'source-unmounted',
    happens() {
      umount();
      return mount;
    },
  },
  {
    what: 'a directory that has lost most of what it had',
    code: 'mass-deletion',
    happens() {
      mkdirSync(away());
      const names = Array.from({ length: MOST }, (_, n) => `note-${FILES - 1 - n}.md`);
      for (const name of names) renameSync(second(name), join(away(), name));
      return () => {
        for (const name of names) renameSync(join(away(), name), second(name));
        rmSync(away(), { recursive: true });
      };
    },
  },
  {
    what: 'a config that is gone',
    code: 'source-config-gone',
    happens() {
      renameSync(lab.state.configPath, away());
      return () => renameSync(away(), lab.state.configPath);
    },
  },
];

describe('an accident on the old machine (F76)', () => {
  it('is no reason to touch the copy: a second sync halts with 13, status says why, and the same command goes on', async () => {
    expect(await syncAgain()).toMatchObject({ outcome: 'staged', exitCode: 0 });
    const before = stagings();
    expect(before.size).toBeGreaterThan(FILES);
    for (const { what, code, happens } of ACCIDENTS) {
      const mend = happens();
      const verdict = await syncAgain();
      expect(verdict, what).toMatchObject({ outcome: 'failed', exitCode: 13, problem: { code } });
      expect(stagings(), what).toEqual(before);
      const text = await statusText();
      expect(text, what).toContain(verdict.problem?.message.slice(0, 40));
      expect(text, what).toContain('neo-pull sync olga@old.example');
      mend();
    }
    expect(await syncAgain()).toMatchObject({ outcome: 'staged', exitCode: 0 });
    expect(stagings()).toEqual(before);
  });

  it('may be told to be none: as many entries may go as --max-delete says, and no more', async () => {
    for (let n = 0; n < 10; n += 1) rmSync(second(`note-${n}.md`));
    const before = stagings();
    const halted = await syncAgain({ limits: { maxDelete: 9 } });
    expect(halted).toMatchObject({ exitCode: 13, problem: { code: 'mass-deletion' } });
    expect(stagings()).toEqual(before);
    expect(await syncAgain({ limits: { maxDelete: 10 } })).toMatchObject({ outcome: 'staged' });
    expect(stagings().size).toBe(before.size - 10);
    rmSync(join(disk(), 'MEMORY.md'));
    const emptied = await syncAgain();
    expect(emptied).toMatchObject({ exitCode: 13, problem: { code: 'source-emptied' } });
    const most = /--max-delete (\d+)/.exec(emptied.problem?.hint ?? '')?.[1];
    expect(await syncAgain({ limits: { maxDelete: Number(most) } })).toMatchObject({
      outcome: 'staged',
      problem: null,
    });
    expect(stagings().size).toBe(before.size - 11);
    expect(await syncAgain()).toMatchObject({ outcome: 'staged' });
    writeFileSync(join(disk(), 'MEMORY.md'), 'on a disk of its own\n');
  });

  it('ends a following with 13, with the copy as it was; the same command goes on', async () => {
    for (const { what, code, happens } of ACCIDENTS.filter(({ what: name }) => !name.includes('a file'))) {
      following = await startFollowing(lab);
      await following.caughtUp();
      const before = stagings();
      const mend = happens();
      const verdict = await following.ended;
      expect(verdict, what).toMatchObject({ outcome: 'failed', exitCode: 13, problem: { code } });
      expect(stagings(), what).toEqual(before);
      expect(await statusText(), what).toContain(verdict.problem?.message.slice(0, 40));
      mend();
    }
  });
});
