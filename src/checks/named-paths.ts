import { posix as path } from 'node:path';
import { listPaths } from '../core/config-text.ts';
import type { GatewayFacts, Inventory } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { ProblemError } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { productNames } from '../gateway/product.ts';
import { includePathsOf } from './includes.ts';
import type { StrayLink } from './stray-links.ts';

/** A path that has to do with a gateway. */
export interface NamedPath {
  /** Absolute and tidy; as it stands in the config where only the running gateway knows which one it is. */
  readonly path: string;
  /** As in `Fate`. */
  readonly namedBy: string;
  /** As what: `linked` is where a symlink in the state leads to, which is part of it; `link` where another one does. */
  readonly as: 'directory' | 'linked' | 'log' | 'part' | 'value' | 'link';
  /** Of directories: which modes and rules are right for it. */
  readonly room: 'state' | 'workspace';
  /** Where it has to be on this machine, when not at the same place in the home. */
  readonly to: string | null;
}

/** Keys of the config that name a directory of the gateway itself, by the end of their JSON pointer: an included part has a short one. */
const DIRECTORIES: readonly { readonly key: RegExp; readonly room: NamedPath['room'] }[] = [
  { key: /(?:^|\/)extraDirs\/\d+$/, room: 'workspace' },
  { key: /(?:^|\/)paths\/\d+$/, room: 'workspace' },
  { key: /(?:^|\/)extraPaths\/\d+(?:\/path)?$/, room: 'workspace' },
  { key: /(?:^|\/)(?:transformsDir|installPath|sourcePath)$/, room: 'workspace' },
  { key: /(?:^|\/)authDir$/, room: 'state' },
];
const LOG = /(?:^|\/)logging\/file$/;

const OTHER: Pick<NamedPath, 'as' | 'room' | 'to'> = { as: 'value', room: 'state', to: null };

/** Where the product keeps its approvals: in its usual state dir, whatever state dir or profile was set. Pure. */
export function approvalsOf(home: string, product: AnyProduct): string {
  return path.join(home, productNames(product).stateDirName, 'exec-approvals.json');
}

/**
 * Every path that a config and its parts name, the parts themselves, and what the product keeps outside of its state dir; each once.
 * `~` and `${HOME}` are `home`. Pure. A part that does not parse names nothing: pre-flight refuses it.
 */
export function namedPaths(
  gateway: Pick<GatewayFacts, 'configPath' | 'configText'>,
  includes: Inventory['includes'],
  { home, newHome, product }: { home: string; newHome: string; product: AnyProduct },
): NamedPath[] {
  const own = gateway.configText === null ? [] : [{ path: gateway.configPath, text: gateway.configText }];
  const approvals = { path: approvalsOf(home, product), to: approvalsOf(newHome, product) };
  return unique([
    ...own.map((file): NamedPath => ({ ...OTHER, path: file.path, namedBy: 'the gateway', as: 'part' })),
    { ...OTHER, ...approvals, namedBy: 'the product', as: 'part' },
    ...[...own, ...includes].flatMap((file) => namedIn(file, home)),
  ]);
}

/** A symlink as what it names. Pure. */
export function linkTarget({ link, target }: Pick<StrayLink, 'link' | 'target'>, as: 'linked' | 'link'): NamedPath {
  return { ...OTHER, path: target, namedBy: `symlink ${link}`, as };
}

/** Leaves out every path that was named before. Pure. */
export function unique(named: readonly NamedPath[]): NamedPath[] {
  const byPath = new Map<string, NamedPath>();
  for (const one of named) {
    const before = byPath.get(one.path);
    // A key that says what it names says more than one that does not.
    if (!before || (before.as === 'value' && one.as !== 'value')) byPath.set(one.path, one);
  }
  return [...byPath.values()];
}

function namedIn(file: { readonly path: string; readonly text: string }, home: string): NamedPath[] {
  try {
    const name = path.basename(file.path);
    const parts = includePathsOf(file).map((part): NamedPath => {
      return { ...OTHER, path: part, namedBy: `${name}: $include`, as: 'part' };
    });
    const values = listPaths(file.text, printable(file.path))
      .filter((one) => isPathAt(one, home))
      .map(({ at, path: said }): NamedPath => {
        const directory = DIRECTORIES.find(({ key }) => key.test(at));
        const as = directory ? 'directory' : LOG.test(at) ? 'log' : 'value';
        return {
          ...OTHER,
          path: absolute(said, home),
          namedBy: `${name}: ${at}`,
          as,
          room: directory?.room ?? 'state',
        };
      });
    return [...parts, ...values];
  } catch (thrown) {
    if (thrown instanceof ProblemError) return [];
    throw thrown;
  }
}

const SECRET =
  /(?:token|secret|password|passwd|passphrase|credential|cookie|(?:api|private|signing|access|encryption|auth)[_-]?key)s?$/i;
const PATH_KEY =
  /(?:path|file|dir|directory|folder|workspace|root|store|home|bin|binary|command|cmd|cwd|cert|ca|socket|bind|include|extra|log)s?$/i;
const TOPS =
  /^\/(?:Library|Users|Volumes|app|data|etc|export|home|media|mnt|nix|opt|private|root|run|snap|srv|tmp|usr|var|volume\d*)(?:\/|$)/;

/** A secret may begin with a slash as well: one that stands where secrets do, or looks like no path at all, is shown to nobody. */
function isPathAt({ at, path: said, behind }: ReturnType<typeof listPaths>[number], home: string): boolean {
  const key = at.replace(/(?:\/\d+)+$/, '').replace(/^.*\//s, '');
  if (SECRET.test(key) || SECRET.test(behind ?? '')) return false;
  // Most places of a list are those of every system.
  if (behind === '') return !said.startsWith('/') || said.startsWith(`${home}/`);
  return !said.startsWith('/') || said.startsWith(`${home}/`) || TOPS.test(said) || PATH_KEY.test(key);
}

function absolute(said: string, home: string): string {
  const tilde = said === '~' || said.startsWith('~/') ? path.join(home, said.slice(1)) : said;
  const whole = tilde.replace(/^\$\{HOME\}(?=\/|$)/, home);
  return isKnown(whole) ? path.normalize(whole).replace(/(?<=.)\/$/, '') : said;
}

/** Is it clear which path is meant? Pure. */
export function isKnown(said: string): boolean {
  return said.startsWith('/') && !/\$\{|\0/.test(said);
}
