import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mapPath } from '../core/mapping.ts';
import type { Plan } from '../core/plan.ts';

/**
 * Which of these workspaces lead out of what was moved, with this plan or those of its group, links followed. One that the plan says stays may lead anywhere; one that is not
 * there yet counts as where it would be made. Read-only.
 */
export async function leadingOut(plan: Plan, workspaces: readonly string[]): Promise<string[]> {
  const homes = { oldHome: plan.old.home, newHome: plan.new.home };
  const own = plan.roots.filter(({ files }) => files === null).map(({ livePath }) => livePath);
  const ofOthers = (plan.group?.carried ?? []).map((path) => mapPath(path, plan.mapping, homes) ?? path);
  const moved = await Promise.all([...own, ...ofOthers].map(resolved));
  const staying = plan.fates.filter(({ fate }) => fate === 'stays').map(({ path }) => path);
  const exempt = new Set(staying.flatMap((path) => [path, mapPath(path, plan.mapping, homes) ?? path]));
  const looked = await Promise.all(workspaces.map(async (workspace) => ({ workspace, is: await resolved(workspace) })));
  return looked
    .filter(({ workspace, is }) => !exempt.has(workspace) && !moved.some((root) => isBelow(is, root)))
    .map(({ workspace, is }) => (is === workspace ? workspace : `${workspace} (${is})`));
}

/** Of what is not there, its nearest directory that is, and the rest as it is written. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') || path === dirname(path))
      return path;
    return `${await resolved(dirname(path))}${path.slice(dirname(path).length)}`;
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
