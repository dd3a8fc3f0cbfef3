import type { Plan, Root } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { seePaths, type PathFacts } from './see-paths.ts';

const AGAIN = 'The copy in staging was left as it is. When it is as it should be, run the same command again.';

/**
 * Every root is where it was on the old machine, of its kind and not emptied, and so is the config: asked before a pass over everything, so
 * that an accident there (a mount that went, a directory that was emptied) is not copied. Read-only.
 */
export function rootsThere(plan: Plan): Check {
  return {
    id: 'roots-there',
    title: 'Everything that moves is where it was on the old machine',
    run: (world): Promise<readonly Problem[]> => lostOf(plan, world),
  };
}

/**
 * The same of an earlier Plan, before a newer one takes its place: of what both move, and of what the config still names. A directory that is
 * empty now is no accident where it was said (`--max-delete`) that so much may go. Read-only.
 */
export async function lostSince(
  was: Plan,
  now: Plan,
  world: Pick<World, 'old' | 'clock' | 'signal'>,
): Promise<Problem[]> {
  const named = new Set(now.fates.map(({ path }) => path));
  const stillNamed = new Set(
    was.fates.flatMap(({ path, fate, root }) => (fate === 'own-root' && named.has(path) ? [root] : [])),
  );
  const roots = was.roots.filter(
    ({ id, oldPath }) => now.roots.some((one) => one.oldPath === oldPath) || stillNamed.has(id),
  );
  const { maxDelete } = now.limits;
  const asked = roots.map((root) => (had(root) <= maxDelete ? { ...root, entries: 0 } : root));
  return lostOf({ ...was, roots: asked }, world);
}

async function lostOf(plan: Plan, world: Pick<World, 'old' | 'clock' | 'signal'>): Promise<Problem[]> {
  const { configPath } = plan.old.gateway;
  const seen = await seePaths(world.old, [...plan.roots.map(({ oldPath }) => oldPath), configPath], world);
  const problems = plan.roots.flatMap((root) => {
    const facts = seen.get(root.oldPath);
    // A read-only account may be kept from looking, and is not kept from copying: then rsync sees what is there.
    return facts ? [rootProblem(plan, root, facts)].filter((found) => found !== null) : [];
  });
  const config = seen.get(configPath);
  return config?.kind === 'none' ? [...problems, configGone(configPath)] : problems;
}

function rootProblem(plan: Plan, root: Root, { kind, isEmpty, isMount }: PathFacts): Problem | null {
  const path = printable(root.oldPath);
  if (kind === 'none') {
    return problem('source-gone', {
      message: `${path} is gone from the old machine.`,
      hint: `Look there: ls -la '${path}'. ${AGAIN}`,
    });
  }
  if (kind !== 'dir') {
    return problem('source-gone', {
      message: `${path} on the old machine is no longer a directory.`,
      hint: `Look there: ls -ld '${path}'. ${AGAIN}`,
    });
  }
  if (root.isMount === true && !isMount) {
    return problem('source-unmounted', {
      message: `${path} on the old machine was the mount of another file system, and is not any more.`,
      hint: `Mount it again there (findmnt, /etc/fstab). ${AGAIN}`,
    });
  }
  const count = had(root);
  if (!isEmpty || count <= 0) return null;
  return problem('source-emptied', {
    message: `${path} on the old machine is empty; when it was looked at there ${count === 1 ? 'was 1 entry' : `were ${count} entries`} in it.`,
    hint: `Look there: ls -la '${path}'. ${AGAIN} If it is meant to be empty, say so: --max-delete ${count}`,
  });
}

/** Of a directory that moves as a whole, it has itself been counted too. */
function had({ entries, files }: Root): number {
  return files === null ? entries - 1 : entries;
}

function configGone(configPath: string): Problem {
  return problem('source-config-gone', {
    message: `The config of the gateway, ${printable(configPath)}, is gone from the old machine.`,
    hint: `Look there: ls -la '${printable(configPath)}'. ${AGAIN}`,
  });
}
