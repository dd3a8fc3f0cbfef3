import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { Step, World } from '../core/step.ts';
import { withVariables } from '../core/dot-env.ts';
import { carriedNames } from '../core/outside.ts';
import { run } from '../host/run.ts';
import { carriedFile, writePrivately } from './carried-change.ts';

/**
 * Fetches the values of the variables that are carried, as long as the old gateway runs, into a private file (0600) of the run's folder;
 * reconcile brings them into `.env` of the copy. Throws `env-not-carried` for one that cannot be had, or not be written there: before
 * anything is stopped.
 */
export function carryEnv(plan: Plan, valuesIn: (world: World) => Promise<ReadonlyMap<string, string>>): Step<null> {
  return {
    id: 'carry-env',
    title: 'Fetch the variables that the old gateway has from outside of its state',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      await refuseLink(world, plan);
      const values = await valuesIn(world);
      const needed = carriedNames(plan);
      withVariables('', new Map([...values].filter(([name]) => needed.includes(name))));
      const file = carriedFile(world.run);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writePrivately(file, JSON.stringify(Object.fromEntries(values)));
    },
    async undo(world) {
      for (const suffix of ['', '.draft']) await rm(carriedFile(world.run) + suffix, { force: true });
    },
  };
}

async function refuseLink({ old, clock, signal }: World, plan: Plan): Promise<void> {
  const path = `${plan.old.gateway.stateDir}/.env`;
  if ((await run(old, ['test', '-L', path], { clock, signal })).code !== 0) return;
  throw fail('env-not-carried', {
    message: `${path} is a symlink, and what it leads to may be read by others than the gateway: nothing is added to it.`,
    hint: 'Put a file in its place there, or move without --carry-env and set the variables here by hand.',
  });
}
