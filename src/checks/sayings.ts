import type { Saying } from '../core/inventory.ts';
import type { Claim } from './claims.ts';

/**
 * What the sources of one gateway say of its state dir, config, profile and port, the most believed word of each first. A word that
 * merely follows from a name counts where nobody says it outright. Pure.
 */
export function sayingsOf(claims: readonly Claim[], configPath: string): readonly Saying[] {
  const dirs = claims.map((claim) => {
    const source = claim.said.find(({ what }) => what === 'state dir')?.source ?? claim.source;
    return { what: 'state dir', value: claim.stateDir, source } as const;
  });
  const outright = claims.flatMap((claim) => claim.said).filter(({ what }) => what !== 'state dir');
  const isSaid = (what: Saying['what']): boolean => outright.some((one) => one.what === what);
  const profiles = claims.flatMap(({ profile, source }) => {
    return profile === null ? [] : [{ what: 'profile', value: profile, source: `${source} (by its name)` } as const];
  });
  const inside = claims.some(({ stateDir }) => configPath.startsWith(`${stateDir}/`));
  const source = inside ? 'default' : 'default (the state dir holds none)';
  return gathered([
    ...dirs,
    ...(isSaid('config') ? [] : [{ what: 'config', value: configPath, source } as const]),
    ...(isSaid('profile') ? [] : profiles.slice(0, 1)),
    ...outright,
  ]);
}

/** One Saying for each value, with all of its sources. Pure. */
export function gathered(
  words: readonly { readonly what: Saying['what']; readonly value: string; readonly source: string }[],
): readonly Saying[] {
  const byValue = new Map<string, Saying>();
  for (const { what, value, source } of words) {
    const key = `${what}\0${value}`;
    const sources = byValue.get(key)?.sources ?? [];
    byValue.set(key, { what, value, sources: [...new Set([...sources, source])] });
  }
  return [...byValue.values()];
}

/** All values that are said of one thing, the most believed first. Pure. */
export function wordsOn(what: Saying['what'], sayings: readonly Saying[]): readonly Saying[] {
  return sayings.filter((saying) => saying.what === what);
}
