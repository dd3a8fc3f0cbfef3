import { posix } from 'node:path';
import { macNames } from './mac-names.ts';
import { livePlaces, movedPaths } from './only-files.ts';
import type { Mapping, Plan } from './plan.ts';

/** Where `~` points on the two machines. */
export interface Homes {
  readonly oldHome: string;
  readonly newHome: string;
}

/** The places that move. All paths absolute; `real...` with every symlink resolved. */
export interface Moves extends Homes {
  readonly oldRealHome: string;
  readonly roots: readonly { readonly from: string; readonly realFrom: string; readonly to: string }[];
  /** As the old machine calls its system. A Mac has second names for some places. */
  readonly oldPlatform?: string;
  /** What the state dir was called under earlier names of the product, relative to the home, and where all of them lead now. */
  readonly legacy?: { readonly names: readonly string[]; readonly to: string };
}

/**
 * All pairs of old and new place, longest `from` first, one for each `from` (a root wins over a legacy name, and that over the home).
 * A place that keeps its path is listed only where a shorter pair would otherwise move it away.
 */
export function buildMapping(moves: Moves): Mapping[] {
  const { oldHome, oldRealHome, newHome, roots } = moves;
  const homes = [oldHome, oldRealHome].map(trimmed);
  const named = [
    ...roots.map(({ from, to }) => ({ from, to })),
    ...roots.map(({ realFrom, to }) => ({ from: realFrom, to })),
    // A home that is reached through a symlink gives each path in it a second name.
    ...roots.flatMap(({ from, realFrom, to }) =>
      otherNames([from, realFrom], homes).map((name) => ({ from: name, to })),
    ),
    ...homes.flatMap((home) => legacyNames(home, moves)),
    ...homes.map((from) => ({ from, to: newHome })),
  ].map(({ from, to }) => ({ from: trimmed(from), to: trimmed(to) }));
  const pairs = [
    ...named,
    ...named.flatMap(({ from, to }) => macNames(from, moves.oldPlatform ?? '').map((name) => ({ from: name, to }))),
  ];
  const byFrom = new Map<string, Mapping>();
  for (const pair of pairs) if (pair.from !== '/' && !byFrom.has(pair.from)) byFrom.set(pair.from, pair);
  const shortestFirst = [...byFrom.values()].sort(
    (a, b) => a.from.length - b.from.length || (a.from < b.from ? -1 : 1),
  );
  const kept: Mapping[] = [];
  for (const pair of shortestFirst) if (pair.from !== pair.to || found(pair.from, kept)) kept.unshift(pair);
  return kept;
}

/**
 * The pairs of what is copied, single files among it, without those of the homes: a path that these do not map leads to nothing on
 * the new machine. Pure.
 */
export function movedOnly({ mapping, roots, new: here }: Pick<Plan, 'mapping' | 'roots' | 'new'>): Mapping[] {
  const single = roots.flatMap((root) => {
    const places = livePlaces(root);
    return root.files === null ? [] : movedPaths(root).map((from, at) => ({ from, to: places[at] ?? from }));
  });
  return [...single, ...mapping.filter(({ to }) => to !== trimmed(here.home))];
}

/** Does every place keep its path, so that nothing has to be rewritten anywhere? Pure. */
export function movesNothing(mapping: readonly Mapping[]): boolean {
  return mapping.every(({ from, to }) => from === to);
}

/**
 * The new place of a path as it stands in a config, or null when the text stays as it is. Understood are absolute paths, `~`
 * and `~/...` (left alone where the new home has it at the same place), `file:` URLs, and the part before a `${VAR}`; in
 * `host:container` only the host's part. Anything else, and a path somewhere inside other words, is left alone.
 *
 * Whole segments only: `/home/al` is never found in `/home/alice`. Not idempotent, as a new path may lie under an old prefix:
 * always map the original text, never a result.
 */
export function mapPath(text: string, mapping: readonly Mapping[], homes: Homes): string | null {
  if (/[\n\r\0]/.test(text)) return null;
  if (text.startsWith('/')) return mapAbsolute(text, mapping);
  if (text === '~' || text.startsWith('~/')) return mapTilde(text, mapping, homes);
  return text.startsWith('file://') ? mapUrl(text, mapping) : null;
}

/**
 * The new target of a symlink, or null when it stays as it is. Bytes in, bytes out; only absolute targets without `.` and
 * `..` are understood, and `~` means nothing in a link. Not idempotent, as `mapPath`.
 */
export function mapLink(target: Buffer, mapping: readonly Mapping[]): Buffer | null {
  const bytes = mapping.map(({ from, to }) => ({ from: latin1(from), to: latin1(to) }));
  const text = target.toString('latin1');
  if (isUntidy(text)) return null;
  const pair = bytes.find(({ from }) => isWithin(text, from));
  return pair && pair.from !== pair.to ? Buffer.from(joined(pair.to, text.slice(pair.from.length)), 'latin1') : null;
}

function mapAbsolute(text: string, mapping: readonly Mapping[]): string | null {
  const place = newPlace(text, mapping);
  return place === null || place === tidied(text) ? null : place;
}

/** What stays where it is must lose its `~` when the home does not. */
function mapTilde(text: string, mapping: readonly Mapping[], { oldHome, newHome }: Homes): string | null {
  const rest = text.slice(1);
  const place = newPlace(joined(trimmed(oldHome), rest), mapping);
  return place === tidied(joined(trimmed(newHome), rest)) ? null : place;
}

/** Where something at this path will be, which may be where it is; null when it does not move with anything. */
function newPlace(text: string, mapping: readonly Mapping[]): string | null {
  const path = tidied(text);
  const pair = path === null ? null : found(path, mapping);
  return path === null || !pair ? null : joined(pair.to, path.slice(pair.from.length));
}

/** The tail keeps its own percent signs: only the segments of the prefix are replaced. */
function mapUrl(text: string, mapping: readonly Mapping[]): string | null {
  const [, host, raw] = /^file:\/\/(localhost)?(\/[^?#]*)/.exec(text) ?? [];
  const path = raw === undefined || /%2f/i.test(raw) ? null : decoded(raw);
  if (raw === undefined || path === null || isUntidy(path)) return null;
  const pair = mapping.find(({ from }) => isWithin(path, from));
  if (!pair || pair.from === pair.to) return null;
  const depth = pair.from.split('/').length;
  const tail = raw
    .split('/')
    .slice(depth)
    .map((segment) => `/${segment}`)
    .join('');
  const head = encodeURI(pair.to).replace(/[?#]/g, encodeURIComponent);
  const start = `file://${host ?? ''}`;
  return start + joined(head, tail) + text.slice(start.length + raw.length);
}

function found(path: string, mapping: readonly Mapping[]): Mapping | null {
  return mapping.find(({ from }) => isWithin(path, from) || path.startsWith(`${from}:/`)) ?? null;
}

function isWithin(path: string, from: string): boolean {
  return path === from || path.startsWith(`${from}/`);
}

/** Without `.`, `..` and doubled slashes; null where they stand before a variable, whose value could be anything. */
function tidied(text: string): string | null {
  if (!isUntidy(text)) return text;
  const literal = text.split('${', 1)[0] ?? '';
  if (literal === text) return posix.normalize(text);
  return isUntidy(literal) ? null : text;
}

function isUntidy(path: string): boolean {
  return /\/\/|\/\.\.?(?:\/|$)/.test(path);
}

function legacyNames(home: string, { legacy }: Moves): Mapping[] {
  return (legacy?.names ?? []).map((name) => ({ from: joined(home, `/${name}`), to: legacy?.to ?? '' }));
}

function otherNames(paths: readonly string[], homes: readonly string[]): string[] {
  return paths.map(trimmed).flatMap((path) => {
    const inside = homes.filter((home) => isWithin(path, home));
    return inside.flatMap((home) => homes.map((other) => joined(other, path.slice(home.length))));
  });
}

function joined(head: string, tail: string): string {
  return head === '/' && tail !== '' ? tail : head + tail;
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '') || '/';
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function decoded(raw: string): string | null {
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}
