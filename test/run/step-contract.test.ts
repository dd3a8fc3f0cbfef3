import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Exit, Host, Process } from '../../src/core/host.ts';
import type { Json } from '../../src/core/json.ts';
import type { AnyStep, World } from '../../src/core/step.ts';
import { describeStep, STEP_LAWS, type StepContract, type StepScene } from '../contracts/step-contract.ts';
import { Tripwire, type Cut } from '../contracts/tripwire.ts';
import { modelWorld } from './crash-model.ts';

const CANARY = 'canary-7f3a';

/** A Host that starts programs on this machine, as plainly as can be. */
const host: Host = {
  label: 'this machine',
  spawn: (argv): Promise<Process> => {
    const child = spawn(argv[0] ?? '', argv.slice(1));
    const exit = once(child, 'close').then(([code]): Exit => ({ code: code as number, signal: null }));
    const { stdin, stdout, stderr } = child;
    return Promise.resolve({ stdin, stdout, stderr, exit, kill: () => void child.kill() });
  },
  close: () => Promise.resolve(),
};

async function shell(world: World, script: string, ...args: string[]): Promise<void> {
  const started = await world.old.spawn(['/bin/sh', '-c', script, 'sh', ...args]);
  started.stdin.end();
  started.stdout.resume();
  started.stderr.resume();
  if ((await started.exit).code !== 0) throw new Error('the script failed');
}

/** Three things in a row: a rename and a new file by us, and a change by a process. */
function goodStep(folder: string): AnyStep {
  const at = (name: string): string => join(folder, name);
  return {
    id: 'good',
    title: 'A step that keeps the law',
    touches: 'new',
    before: async () => ({ names: (await readdir(folder)).sort() }),
    apply: async (world) => {
      await rename(at('live'), at('parked')).catch(() => undefined);
      if (!(await readdir(folder)).includes('parked')) throw new Error('nothing was parked');
      await writeFile(at('fresh'), 'fresh');
      await shell(world, 'echo moved >"$1"', at('remote'));
      await world.emit({ type: 'notice', message: 'moved' });
    },
    undo: async (world) => {
      await shell(world, 'echo still >"$1"', at('remote'));
      await rm(at('fresh'), { force: true });
      if ((await readdir(folder)).includes('parked')) await rename(at('parked'), at('live'));
    },
  };
}

function contractOf(makeStep: (folder: string) => AnyStep): StepContract {
  return {
    canaries: [CANARY],
    make: async (): Promise<StepScene> => {
      const folder = await mkdtemp(join(tmpdir(), 'np-contract-'));
      await writeFile(join(folder, 'live'), CANARY);
      await writeFile(join(folder, 'remote'), 'still\n');
      const world = { ...modelWorld(() => Promise.resolve()), old: host };
      return {
        step: makeStep(folder),
        world,
        snapshot: async () => {
          const names = (await readdir(folder)).sort();
          const contents = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
          return JSON.stringify(names.map((name, index) => [name, contents[index]]));
        },
        dispose: () => rm(folder, { recursive: true }),
        fresh: () => makeStep(folder),
      };
    },
    partials: {
      'a rename without its file': async ({ step, world }, before) => {
        await step.apply(world, before).catch(() => undefined);
      },
    },
  };
}

describeStep('one that keeps the law', contractOf(goodStep));

/** Steps that break one law each, and the law that says so. */
const SINNERS: Record<string, (good: AnyStep, folder: string) => Partial<AnyStep>> = {
  'before changes nothing and sees the same twice': (good, folder) => ({
    before: async (world): Promise<Json> => {
      await writeFile(join(folder, 'looked'), '');
      return (await good.before(world)) as Json;
    },
  }),
  'before is small JSON without secrets': (_good, folder) => ({
    before: () => readFile(join(folder, 'live'), 'utf8'),
  }),
  'what it tells holds no secret': (good) => ({
    apply: async (world, before) => {
      await good.apply(world, before);
      await world.emit({ type: 'notice', message: CANARY });
    },
  }),
  'apply twice is apply once': (good, folder) => ({
    apply: async (world, before) => {
      await good.apply(world, before);
      await writeFile(join(folder, 'fresh'), 'again', { flag: 'a' });
      await writeFile(join(folder, 'parked'), 'again', { flag: 'a' });
    },
  }),
  'undo after apply restores, and twice is once': () => ({ undo: () => Promise.resolve() }),
  'undo without apply changes nothing, and twice is once': (_good, folder) => ({
    undo: async () => {
      await rename(join(folder, 'parked'), join(folder, 'live'));
    },
  }),
  'undo after a broken apply restores': (good, folder) => ({
    undo: async (world, before) => {
      // Believes that a parked file means that all was done, and the lack of the new one that nothing was.
      if ((await readdir(folder)).includes('fresh')) await good.undo(world, before);
    },
  }),
  'apply after a broken apply completes it': (good, folder) => ({
    apply: async (world, before) => {
      if (!(await readdir(folder)).includes('parked')) await good.apply(world, before);
    },
  }),
  'undo after a broken undo restores': (good, folder) => ({
    undo: async (world, before) => {
      const { names } = before as { names: string[] };
      if ((await readdir(folder)).length !== names.length || names.includes('fresh')) await good.undo(world, before);
      else if ((await readFile(join(folder, 'remote'), 'utf8')) !== 'still\n') await good.undo(world, before);
    },
  }),
};

const SAYS: Record<string, RegExp> = {
  'before changes nothing and sees the same twice': /before\(\) changed something/,
  'before is small JSON without secrets': /the secret cana\.\.\. is told/,
  'what it tells holds no secret': /the secret cana\.\.\. is told/,
  'apply twice is apply once': /the second apply changed something/,
  'undo after apply restores, and twice is once': /undo after apply does not restore/,
  'undo without apply changes nothing, and twice is once': /ENOENT/,
  'undo after a broken apply restores': /undo after an apply cut after its operation 1 does not restore/,
  'apply after a broken apply completes it': /apply again after it was cut after its operation 1/,
  'undo after a broken undo restores': /undo again after it was cut after its operation 2 does not restore/,
};

describe('the contract sees a step that breaks the law that', () => {
  it.each(Object.keys(SINNERS))('%s', async (title) => {
    const contract = contractOf((folder) => {
      const good = goodStep(folder);
      return { ...good, ...SINNERS[title]?.(good, folder) };
    });
    const law = STEP_LAWS.find((each) => each.title === title);
    await expect(law?.hold(contract)).rejects.toThrow(SAYS[title]);
  });
});

describe('the tripwire', () => {
  async function applied(cut: Cut | null): Promise<{ wire: Tripwire; names: string; outcome: string }> {
    const scene = await contractOf(goodStep).make();
    const wire = new Tripwire(cut);
    const outcome = await wire
      .around(scene.world, (world) => scene.step.apply(world, null))
      .then(
        () => 'done',
        (error: unknown) => String(error),
      );
    const names = await scene.snapshot();
    await scene.dispose();
    return { wire, names, outcome };
  }

  it('counts changes of files, processes and what is told', async () => {
    const { wire, outcome } = await applied(null);
    expect(outcome).toBe('done');
    expect(wire.count).toBe(4);
    expect(wire.told).toEqual([{ type: 'notice', message: 'moved' }]);
  });

  it('lets nothing through from the cut on', async () => {
    const { wire, names, outcome } = await applied({ at: 2, when: 'before' });
    expect(wire.count).toBe(2);
    expect(outcome).toContain('EIO');
    expect(JSON.parse(names)).toEqual([
      ['parked', CANARY],
      ['remote', 'still\n'],
    ]);
  });

  it('lets a process do its work and loses only how it ended', async () => {
    const { wire, names, outcome } = await applied({ at: 3, when: 'after' });
    expect(wire.told).toEqual([]);
    expect(outcome).toContain('cut the line');
    expect(JSON.parse(names)).toContainEqual(['remote', 'moved\n']);
  });
});
