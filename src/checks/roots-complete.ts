import { movedPaths } from '../core/only-files.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { configNow } from './config-now.ts';
import { configuredDirs } from './gateway-config.ts';
import { namedPaths } from './named-paths.ts';
import { seePaths } from './see-paths.ts';

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
      const seen = await seePaths(world.old, named, world);
      const left = named.filter((path) => {
        const facts = seen.get(path);
        return facts !== undefined && facts.kind !== 'none' && !moves(facts.realPath, plan);
      });
      if (left.length === 0) return [];
      const names = left.map((path) => printable(path)).join(', ');
      return [
        problem('root-appeared', {
          message: `The config on the old machine has been changed since it was looked at, and names ${names} now.`,
          hint: 'Look again and move then: the same command once more.',
        }),
      ];
    },
  };
}

/** Directories of the gateway, and every other path that was not named when it was decided what becomes of each. */
async function namedNow(world: World, { old: { gateway }, new: here, fates }: Plan): Promise<string[]> {
  const { text, includes, whole } = await configNow(world.old, gateway, world);
  const now = { ...gateway, configText: text };
  const { product, home } = gateway;
  const dirs = configuredDirs(whole, now, { product, home }).map((dir) => dir.path);
  const judged = new Set(fates.map(({ path }) => path));
  const fresh = namedPaths(now, includes, { home, newHome: here.home, product }).filter(
    ({ path }) => !judged.has(path),
  );
  const inHome = fresh.map(({ path }) => path).filter((path) => isIn(path, home));
  return [...new Set([...dirs, ...inHome])];
}

function moves(realPath: string, { roots, group }: Plan): boolean {
  const isOwn = roots.some((root) =>
    root.files === null ? isIn(realPath, root.oldPath) : movedPaths(root).includes(realPath),
  );
  return isOwn || (group?.carried.some((path) => isIn(realPath, path)) ?? false);
}

function isIn(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}
