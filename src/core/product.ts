/** Names of the products that neo-pull knows by itself. */
export type ProductName = 'smart-agent-neo' | 'openclaw';

/** Every name in which the products differ. */
export interface Product {
  readonly name: string;
  /** For people, and the first word of its newer `--version` answer. */
  readonly title: string;
  /** The CLI's file name; also the name of its npm package. */
  readonly command: string;
  /** The state dir of the default profile, relative to the home. */
  readonly stateDirName: string;
  /** State dirs of earlier names of the product, relative to the home. */
  readonly legacyStateDirNames: readonly string[];
  /** The config's file name inside the state dir. */
  readonly configName: string;
  /** What its config was called by earlier names of the product. */
  readonly legacyConfigNames: readonly string[];
  /** What its environment variables begin with, without the last underscore. */
  readonly envPrefix: string;
  /** Prefixes of earlier names, which it still reads where the present name is not set. */
  readonly legacyEnvPrefixes: readonly string[];
  /** The systemd user unit of the default profile, without `.service`. */
  readonly unitBase: string;
  /** Units of earlier names of the product, without `.service`. */
  readonly legacyUnitBases: readonly string[];
  /** What its processes call themselves: the one that was started, and the one that serves. */
  readonly processTitles: readonly [parent: string, gateway: string];
}

/**
 * A product as Plans and Inventories hold it: one that neo-pull knows by its name, any other with all of its names, so that nothing
 * done later depends on the file that they came from.
 */
export type AnyProduct = ProductName | Product;
