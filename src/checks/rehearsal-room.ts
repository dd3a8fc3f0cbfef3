import type { DirFacts, Inventory } from '../core/inventory.ts';
import type { Problem } from '../core/problem.ts';
import { roomChecks } from './room-checks.ts';

/**
 * Does everything fit once more, on the file system of the state's staging? The throwaway copy lies there. What a file system that copies on write
 * saves is not counted on. Pure.
 */
export async function rehearsalRoom(
  { dirs }: Pick<Inventory, 'dirs'>,
  staged: readonly DirFacts[],
): Promise<readonly Problem[]> {
  const [state] = dirs;
  if (!state) return [];
  const again = dirs.map(({ old, new: here }) => ({ old, new: { ...here, parent: state.new.parent } }));
  const found = await Promise.all(roomChecks({ dirs: [...dirs, ...again] }, staged).map((check) => check.run()));
  return found
    .flat()
    .map((one) => ({ ...one, message: `A rehearsal needs room for everything twice. ${one.message}` }));
}
