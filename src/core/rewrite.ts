import { decodeLiteral, encodeLiteral, replaceStrings, type StringSpot } from './json-strings.ts';
import { parseText } from './json-text.ts';
import { mapPath, type Homes } from './mapping.ts';
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

/**
 * A config (JSON or JSON5, or a part that it includes) with every string value that is a path put to its new place, as
 * `mapPath` does. Comments, commas, quotes, numbers, line ends and all else stay byte for byte; names of members are not
 * values. Pure, not idempotent: always rewrite the original. Throws `config-malformed`.
 */
export function rewriteConfig(text: string, mapping: readonly Mapping[], options: RewriteOptions): Rewritten {
  parseText(text, { file: options.file ?? 'the config', code: 'config-malformed' });
  return rewriteStrings(
    text,
    (value) => mapPath(value, mapping, options),
    () => true,
  );
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

/** A rewrite as it may be told: what comes behind a path in a command or a URL may be a secret. Pure. */
export function tellable<T extends { readonly from: string; readonly to: string }>(rewrite: T): T {
  const pathOnly = (text: string): string => text.replace(/(?:\s+-\S|\?).*$/s, ' …');
  return { ...rewrite, from: pathOnly(rewrite.from), to: pathOnly(rewrite.to) };
}

function rewriteStrings(
  text: string,
  map: (value: string) => string | null,
  wanted: (spot: StringSpot) => boolean,
): Rewritten {
  const rewrites: TextRewrite[] = [];
  const rewritten = replaceStrings(text, (literal, spot) => {
    if (spot.isName || !wanted(spot)) return null;
    const from = decodeLiteral(literal);
    const to = map(from);
    if (to === null) return null;
    rewrites.push({ at: spot.pointer(), from, to });
    return encodeLiteral(to, literal.charAt(0));
  });
  return { text: rewritten, rewrites };
}
