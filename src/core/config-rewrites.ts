import type { Rewrite } from './event.ts';
import type { Inventory } from './inventory.ts';
import type { ConfigLeft, Plan, Root } from './plan.ts';
import { ProblemError } from './problem.ts';
import { rewriteConfig, tellable } from './rewrite.ts';

/** More are counted and not listed: a Plan is read by people, and kept in every Journal. */
const LISTED = 100;

/** Where a config file lies on the old machine, if it lies in what moves. */
export type PlaceOf = (path: string) => { readonly root: Root['id']; readonly file: string } | null;

/**
 * What reconcile will rewrite in the config files, and what of old paths it will leave, from their text as it was read by the look; session indexes and databases are not
 * read before they are copied. A file that does not parse counts as empty, for pre-flight refuses it. Pure.
 */
export function configRewrites(
  { gateway, includes, old, new: here }: Inventory,
  mapping: Plan['mapping'],
  placeOf: PlaceOf,
): Plan['configRewrites'] {
  const config = gateway.configText === null ? [] : [{ path: gateway.configPath, text: gateway.configText }];
  const files = [...config, ...includes].flatMap(({ path, text }) => {
    const place = placeOf(path);
    if (place === null) return [];
    try {
      const { rewrites, left } = rewriteConfig(text, mapping, { oldHome: old.home, newHome: here.home });
      return [{ place, rewrites, left }];
    } catch (thrown) {
      if (thrown instanceof ProblemError) return [];
      throw thrown;
    }
  });
  const rewrites = files.flatMap(({ place, rewrites: found }) => found.map((one): Rewrite => ({ ...place, ...one })));
  const left = files.flatMap(({ place, left: found }) => found.map((one): ConfigLeft => ({ ...place, ...one })));
  return { count: rewrites.length, listed: rewrites.slice(0, LISTED).map(tellable), left: left.slice(0, LISTED) };
}
