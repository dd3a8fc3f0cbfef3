import { excludeMatcher } from '../core/exclude.ts';
import type { Host } from '../core/host.ts';
import type { DatabaseFacts } from '../core/inventory.ts';
import { movesNothing } from '../core/mapping.ts';
import type { Plan } from '../core/plan.ts';
import type { World } from '../core/step.ts';
import { askDatabase } from '../sqlite/ask.ts';
import { pathColumnsOf } from '../sqlite/path-columns.ts';

const TIMEOUT_MS = 60_000;
/** Of the engine, not on any disk. */
const EMPTY = ':memory:';

/**
 * Which of the databases that were found have columns of paths that will be rewritten, and whether this machine can: its engine is tried on
 * an empty one. Read-only. Without a Node here, which pre-flight refuses, nothing is tried.
 */
export async function databasesToRewrite(
  host: Host,
  { plan, found }: { plan: Plan; found: readonly string[] },
  { clock, signal }: Pick<World, 'clock' | 'signal'>,
): Promise<DatabaseFacts> {
  const { mapping, old, new: here, excludes, roots } = plan;
  const workspaces = roots.find(({ id }) => id === 'state')?.workspaces ?? [];
  const isLeftOut = excludeMatcher(excludes, 'state', workspaces);
  const files = found.filter((file) => pathColumnsOf(file).length > 0 && isLeftOut(Buffer.from(file), false) === null);
  const { node } = here.gateway;
  if (files.length === 0 || node === '' || movesNothing(mapping)) return { files: [], failure: null };
  const request = { file: EMPTY, columns: [], mapping: [], oldHome: old.home, newHome: here.home, lookMs: 0 };
  const { failure } = await askDatabase(host, request, { node, timeoutMs: TIMEOUT_MS, clock, signal });
  return { files, failure };
}
