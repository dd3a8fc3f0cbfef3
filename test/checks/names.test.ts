import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameChecks } from '../../src/checks/name-checks.ts';
import { namesInTheWay } from '../../src/checks/names.ts';
import { probePlace, type Place } from '../../src/checks/place.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { Problem } from '../../src/core/problem.ts';
import { samplePlan } from '../cli/sample.ts';
import { clock, Machine } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

const PLAIN: Place = { foldsCase: false, normalises: false, lacks: [] };

async function found(place: Place | null): Promise<Problem[]> {
  const sample = samplePlan();
  const gateway = { ...sample.old.gateway, node: process.execPath };
  const roots = sample.roots.slice(0, 1).map((root) => ({ ...root, oldPath: machine.home, workspaces: [] }));
  const plan: Plan = { ...sample, roots, excludes: [], old: { ...sample.old, gateway } };
  const names = await namesInTheWay(machine.host(), plan, {
    clock,
    signal: new AbortController().signal,
    directories: ['/Volumes/new'],
    probe: () => Promise.resolve(place),
  });
  return (await Promise.all(nameChecks({ names }).map((check) => check.run()))).flat();
}

describe('before anything moves', () => {
  beforeEach(async () => {
    for (const name of ['Notes.md', 'notes.md', 'd/caf\u00e9', 'd/cafe\u0301', 'at 12:30'])
      await machine.file(name, name);
    await symlink('nowhere', join(machine.home, 'link'));
  });

  it('names that a case-insensitive place takes for one are told, each with the other (F68)', async () => {
    const [one, ...more] = await found({ ...PLAIN, foldsCase: true });
    expect(one).toMatchObject({ code: 'names-collide', stops: true });
    expect(one?.message).toContain('Notes.md = notes.md');
    expect(more).toEqual([]);
  });

  it('so are twins of NFC and NFD for a place that normalises (F69)', async () => {
    const [one, ...more] = await found({ ...PLAIN, normalises: true });
    expect(one).toMatchObject({ code: 'names-collide', detail: { count: 1 } });
    expect(more).toEqual([]);
  });

  it('what a place like FAT cannot hold is told with its names (F67)', async () => {
    const [one] = await found({ ...PLAIN, lacks: ['symlinks', ':'] });
    expect(one).toMatchObject({
      code: 'place-unfit',
      detail: { count: 2, entries: ['at 12:30 (:)', 'link (a symlink)'] },
    });
    const [modes] = await found({ ...PLAIN, lacks: ['modes'] });
    expect([modes?.code, modes?.message]).toEqual(['place-unfit', expect.stringContaining('no modes')]);
  });

  it('a place that holds everything, or that nothing can be made in, is no matter of this', async () => {
    expect(await found(PLAIN)).toEqual([]);
    expect(await found(null)).toEqual([]);
  });
});

describe('a place that is tried out', () => {
  it('is told as it is, and is as it was before', async () => {
    execFileSync('touch', ['-d', '2021-03-04 05:06:07', machine.home]);
    const was = lstatSync(machine.home).mtimeMs;
    expect(await probePlace(machine.home)).toEqual(PLAIN);
    expect([readdirSync(machine.home), lstatSync(machine.home).mtimeMs]).toEqual([[], was]);
  });

  it('is not told of where nothing can be made', async () => {
    expect(await probePlace(join(machine.home, 'nowhere'))).toBeNull();
    writeFileSync(join(machine.home, 'file'), '');
    expect(await probePlace(join(machine.home, 'file'))).toBeNull();
  });
});
