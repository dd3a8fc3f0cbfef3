import type { Rewrite } from './event.ts';
import type { Inventory } from './inventory.ts';
import type { Plan, Root } from './plan.ts';
import { ProblemError } from './problem.ts';
import { rewriteConfig, tellable } from './rewrite.ts';

/** More are counted and not listed: a Plan is read by people, and kept in every Journal. */
const LISTED = 100;

/** Where a config file lies on the old machine, if it lies in what moves. */
export type PlaceOf = (path: string) => { readonly root: Root['id']; readonly file: string } | null;

/**
 * What reconcile will rewrite in the config files, from their text as it was read by the look; session indexes and databases are not
 * read before they are copied. A file that does not parse counts as empty, for pre-flight refuses it. Pure.
 */
export function configRewrites(
  { gateway, includes, old, new: here }: Inventory,
  mapping: Plan['mapping'],
  placeOf: PlaceOf,
): Plan['configRewrites'] {
  const config = gateway.configText === null ? [] : [{ path: gateway.configPath, text: gateway.configText }];
  const rewrites = [...config, ...includes].flatMap(({ path, text }): Rewrite[] => {
    const place = placeOf(path);
    if (place === null) return [];
    try {
      const { rewrites: found } = rewriteConfig(text, mapping, { oldHome: old.home, newHome: here.home });
      return found.map((one) => ({ ...place, ...one }));
    } catch (thrown) {
      if (thrown instanceof ProblemError) return [];
      throw thrown;
    }
  });
  return { count: rewrites.length, listed: rewrites.slice(0, LISTED).map(tellable) };
}
