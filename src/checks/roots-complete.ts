import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { configuredDirs } from './gateway-config.ts';
import { readIncludes } from './includes.ts';
import { measure } from './measure.ts';
import { wholeConfig } from './whole-config.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * After the stop: the config as it is now names no directory that the Plan does not move. It may have been changed since the look, and
 * a workspace that stays behind is a loss that nobody notices for days.
 */
export function rootsComplete(plan: Plan): Check {
  return {
    id: 'roots-complete',
    title: 'The config names no directory that is not being moved',
    async run(world): Promise<readonly Problem[]> {
      const named = await namedNow(world, plan);
      const measured = await measure(world.old, named, world);
      const left = measured.filter((dir) => dir.exists && !plan.roots.some((root) => isIn(dir.realPath, root.oldPath)));
      if (left.length === 0) return [];
      const names = left.map((dir) => printable(dir.path)).join(', ');
      return [
        problem('root-appeared', {
          message: `The config on the old machine has been changed since it was looked at, and names ${names} now.`,
          hint: 'Look again and move then: the same command once more.',
        }),
      ];
    },
  };
}

async function namedNow(world: World, { old: { gateway } }: Plan): Promise<string[]> {
  const { clock, signal } = world;
  const { code, stdout } = await run(world.old, ['cat', '--', gateway.configPath], {
    clock,
    signal,
    maxBytes: MAX_BYTES,
  });
  const now = { ...gateway, configText: code === 0 ? stdout.toString() : null };
  const config = wholeConfig(now, await readIncludes(world.old, now, world));
  return configuredDirs(config, now, { product: gateway.product, home: gateway.home }).map((dir) => dir.path);
}

function isIn(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}
