import type { Inventory } from '../core/inventory.ts';
import type { NamesFacts } from '../core/names-facts.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

const ELSEWHERE = 'or put the state on another file system with --to-state-dir.';

/** Can the file systems of this machine hold what is to come, under the names that it has? */
export function nameChecks({ names = [] }: Pick<Inventory, 'names'>): readonly PureCheck[] {
  return [
    pureCheck('names-apart', 'Every name stays a name of its own here', () => names.flatMap(together)),
    pureCheck('place-fit', 'The file system here can hold what moves', () => names.flatMap(unfit)),
  ];
}

function together({ oldPath, directory, together: groups, togetherCount: count }: NamesFacts): Problem[] {
  if (count === 0) return [];
  const few = groups.slice(0, 5).map((paths) => paths.join(' = '));
  return [
    problem('names-collide', {
      message: `${String(count)} ${count === 1 ? 'name' : 'names'} in ${printable(oldPath)} would be one with another in ${printable(directory)}, where the file system does not tell them apart: ${few.join('; ')}${count > few.length ? '; ...' : ''}.`,
      hint: `Rename or remove one of each on the old machine, leave it out with --exclude, ${ELSEWHERE}`,
      detail: { directory, names: groups.map((paths) => [...paths]), count },
    }),
  ];
}

function unfit({ oldPath, directory, unfit: entries, unfitCount: count, lacksModes }: NamesFacts): Problem[] {
  if (!lacksModes && count === 0) return [];
  const what = lacksModes
    ? `${printable(directory)} keeps no modes, so that secrets could be read by everybody.`
    : `${printable(directory)} cannot hold ${String(count)} of what moves from ${printable(oldPath)}: ${entries.slice(0, 5).join('; ')}${count > 5 ? '; ...' : ''}.`;
  return [
    problem('place-unfit', {
      message: what,
      hint: lacksModes
        ? 'Put the state on another file system with --to-state-dir.'
        : `Leave it out with --exclude, ${ELSEWHERE}`,
      detail: { directory, entries: [...entries], count },
    }),
  ];
}
