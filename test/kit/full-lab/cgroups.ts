import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait.ts';

/** Removes a machine's control groups, which outlive it; waits until the last process has left them. Repeatable. */
export async function removeControlGroups(name: string): Promise<void> {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  for (const [, tree = '', type = ''] of mounts) {
    if (!type.startsWith('cgroup')) continue;
    await waitFor(`the control groups of ${name} are empty`, () => isRemoved(join(tree, name)));
  }
}

// A group is a directory whose files cannot be removed, and need not be.
function isRemoved(group: string): boolean {
  if (!existsSync(group)) return true;
  const inside = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (!inside.map((entry) => isRemoved(join(group, entry.name))).every(Boolean)) return false;
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}
