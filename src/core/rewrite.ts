import { isCommandKey, wordsOf } from './config-words.ts';
import { decodeLiteral, encodeLiteral, replaceStrings, type StringSpot } from './json-strings.ts';
import { parseText } from './json-text.ts';
import { mapPath, type Homes } from './mapping.ts';
import { latin1, mentionFinder } from './mentions.ts';
import type { Mapping } from './plan.ts';

/** One value that was changed; `at` is its JSON pointer. */
export interface TextRewrite {
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

export interface Rewritten {
  readonly text: string;
  readonly rewrites: readonly TextRewrite[];
}

export interface RewriteOptions extends Homes {
  /** Names the text in a Problem. */
  readonly file?: string;
}

/** A config, and where old paths stay in it: inside of words that only their reader can read. */
export interface RewrittenConfig extends Rewritten {
  readonly left: readonly { readonly at: string; readonly count: number }[];
}

/**
 * A config (JSON or JSON5, or a part that it includes) with every string value that is a path put to its new place, as
 * `mapPath` does, and so with the parts of commands, arguments and variables that are paths (see `wordsOf`). Comments, commas, quotes,
 * numbers, line ends and all else stay byte for byte; names of members are not values. Pure, not idempotent: always rewrite the
 * original. Throws `config-malformed`.
 */
export function rewriteConfig(text: string, mapping: readonly Mapping[], options: RewriteOptions): RewrittenConfig {
  parseText(text, { file: options.file ?? 'the config', code: 'config-malformed' });
  const mentions = mentionFinder(mapping);
  const left: { at: string; count: number }[] = [];
  const rewritten = rewriteStrings(
    text,
    (value, at) => {
      const words = wordsOf(value, at).map((word) => ({ ...word, to: mapPath(word.text, mapping, options) }));
      const rest = words.map(({ lead, text: was, to }) => lead + (to === null ? was : behindStart(was)));
      const count = mentions(latin1(rest.join('')));
      if (count > 0) left.push({ at, count });
      if (words.every(({ to }) => to === null)) return null;
      return words.map(({ lead, text: was, to }) => lead + (to ?? was)).join('');
    },
    () => true,
  );
  return { ...rewritten, left };
}

/** A path that was mapped, without what makes its beginning one: what is found in this stays as it is. */
function behindStart(path: string): string {
  return path.replace(/^(?:file:\/\/(?:localhost)?)?[/~]+/, '');
}

/**
 * A session index (`sessions.json`) with every `sessionFile` put to its new place. Everything else in it is cached or history
 * and stays byte for byte, and an empty file stays empty. Linear. Pure, not idempotent. Throws `rewrite-failed`.
 */
export function rewriteSessions(text: string, mapping: readonly Mapping[], options: RewriteOptions): Rewritten {
  if (text.trim() === '') return { text, rewrites: [] };
  parseText(text, { file: options.file ?? 'sessions.json', code: 'rewrite-failed' });
  return rewriteStrings(
    text,
    (value) => mapPath(value, mapping, options),
    ({ key }) => key() === 'sessionFile',
  );
}

/** What of `exec-approvals.json` only tells, or is the place of a socket: neither lets anybody do more. */
const TELLS = 'lastResolvedPath';
const SOCKET = '/socket/path';

/** Approvals, and the patterns in them that stay as they are although they name an old place. */
export interface RewrittenApprovals extends Rewritten {
  readonly left: readonly TextRewrite[];
}

/**
 * The exec approvals with the place of their socket and what a pattern was last resolved to put to their new places. A pattern
 * says what an agent may run, and one that is mapped may let it run something else: only `withPatterns` rewrites those.
 * Pure, not idempotent. Throws `rewrite-failed`.
 */
export function rewriteApprovals(
  text: string,
  mapping: readonly Mapping[],
  options: RewriteOptions & { readonly withPatterns: boolean },
): RewrittenApprovals {
  if (text.trim() === '') return { text, rewrites: [], left: [] };
  parseText(text, { file: options.file ?? 'exec-approvals.json', code: 'rewrite-failed' });
  const map = (value: string): string | null => mapPath(value, mapping, options);
  const isPattern = ({ key }: StringSpot): boolean => key() === 'pattern';
  const tells = (spot: StringSpot): boolean => spot.key() === TELLS || spot.pointer() === SOCKET;
  const rewritten = rewriteStrings(text, map, (spot) => tells(spot) || (options.withPatterns && isPattern(spot)));
  const left = options.withPatterns ? [] : rewriteStrings(text, map, isPattern).rewrites;
  return { ...rewritten, left };
}

/** A JSON text with the values of some members mapped, wherever they stand; null where it is no JSON. Pure. */
export function rewriteJson(
  text: string,
  map: (value: string) => string | null,
  members: readonly string[],
): Rewritten | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return rewriteStrings(text, map, ({ key }) => members.includes(key() ?? ''));
}

/**
 * A rewrite as it may be told: what comes behind a path in a command, an argument, a variable or a URL may be a secret. In other values a
 * blank may be part of the path. Pure.
 */
export function tellable<T extends TextRewrite>(rewrite: T): T {
  const secret = isCommandKey(rewrite.at) ? /(?:\s|[?#]).*$/s : /(?:\s+-\S|\?|(?<=^file:.*)#).*$/s;
  const pathOnly = (text: string): string => text.replace(secret, ' …');
  return { ...rewrite, from: pathOnly(rewrite.from), to: pathOnly(rewrite.to) };
}

function rewriteStrings(
  text: string,
  map: (value: string, at: string) => string | null,
  wanted: (spot: StringSpot) => boolean,
): Rewritten {
  const rewrites: TextRewrite[] = [];
  const rewritten = replaceStrings(text, (literal, spot) => {
    if (spot.isName || !wanted(spot)) return null;
    const from = decodeLiteral(literal);
    // No path is without one of these, and there may be many strings.
    if (!/[/~]/.test(from)) return null;
    const at = spot.pointer();
    const to = map(from, at);
    if (to === null) return null;
    rewrites.push({ at, from, to });
    return encodeLiteral(to, literal.charAt(0));
  });
  return { text: rewritten, rewrites };
}
