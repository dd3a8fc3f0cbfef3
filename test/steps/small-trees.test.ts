import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { makeFollowerLab, type FollowerLab } from '../kit/follower-lab.ts';
import { waitFor } from '../kit/wait.ts';

let lab: FollowerLab;
afterEach(() => lab.destroy());

const copies = (): number => readdirSync(lab.staging, { recursive: true }).length;

/** A directory with notes in it: so many entries, all of which come at once. */
function put(name: string, entries: number): void {
  const made = join(lab.folder, `made-${name}`);
  mkdirSync(made);
  for (let n = 1; n < entries; n += 1) writeFileSync(join(made, `${n}.md`), `${n}`);
  renameSync(made, join(lab.tree, name));
}

/** All of it goes at once, so that no round sees a part of that. */
function take(name: string): void {
  renameSync(join(lab.tree, name), join(lab.folder, `gone-${name}`));
}

interface Following {
  readonly watcherNode?: string;
  readonly directories: Readonly<Record<string, number>>;
}

async function follow({ directories, ...options }: Following): Promise<void> {
  lab = makeFollowerLab({ maxDelete: 0, ...options });
  for (const [name, entries] of Object.entries(directories)) put(name, entries);
  await lab.start();
}

async function halted(): Promise<string> {
  const failure = await waitFor('it has ended', () => lab.failure(), 60_000);
  return failure instanceof ProblemError ? failure.problem.code : failure.message;
}

describe('a small tree of which most is gone while neo-pull follows (F76)', () => {
  it.each([
    ['that hears of changes', {}],
    ['that looks again and again', { watcherNode: '/no/node/there' }],
  ])('halts a following %s, with the copy as it was', async (_, options) => {
    await follow({ ...options, directories: { one: 15, two: 15, three: 10 } });
    take('one');
    await waitFor('some may go', () => copies() === 25, 30_000);
    take('two');
    expect(await halted()).toBe('mass-deletion');
    expect(copies()).toBe(25);
  });

  it('halts nothing where it has grown meanwhile', async () => {
    await follow({ directories: { one: 10 } });
    put('two', 50);
    put('three', 40);
    await waitFor('all is staged', () => copies() === 100);
    await lab.atRest();
    take('three');
    await waitFor('much may go', () => copies() === 60);
    await lab.atRest();
    expect(lab.failure()).toBeNull();
    expect(await lab.differences()).toEqual([]);
  });
});
