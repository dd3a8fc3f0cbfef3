import type { Product } from '../core/product.ts';

/** What a person says of a product; all but its name follows from that where it is left out. */
export type ProductWords = { readonly [Name in keyof Omit<Product, 'name'>]?: Product[Name] | undefined };

/** All names of a product that goes by the habits of those that neo-pull knows: `neo-fork` has `~/.neo-fork`, `NEO_FORK_*`, ... Pure. */
export function productFrom(name: string, words: ProductWords): Product {
  const command = words.command ?? name;
  return {
    name,
    title: words.title ?? titleOf(name),
    command,
    stateDirName: words.stateDirName ?? `.${name}`,
    legacyStateDirNames: words.legacyStateDirNames ?? [],
    configName: words.configName ?? `${name}.json`,
    legacyConfigNames: words.legacyConfigNames ?? [],
    envPrefix: words.envPrefix ?? name.toUpperCase().replaceAll('-', '_'),
    legacyEnvPrefixes: words.legacyEnvPrefixes ?? [],
    unitBase: words.unitBase ?? `${name}-gateway`,
    legacyUnitBases: words.legacyUnitBases ?? [],
    processTitles: words.processTitles ?? [command, `${command}-gateway`],
  };
}

function titleOf(name: string): string {
  return name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
