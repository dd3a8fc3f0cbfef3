import { flagOf, wordsOf } from './config-words.ts';
import { decodeLiteral, visitStrings } from './json-strings.ts';
import { JSON_MAX_DEPTH, parseText } from './json-text.ts';

const CONFIG = 'the config';

/** A path that a config names; `at` is its JSON pointer. */
export interface NamedPath {
  readonly at: string;
  readonly path: string;
  /** Of a part of a value: the flag or variable that it stands behind, or empty in a list. Null for a value as a whole. */
  readonly behind: string | null;
}

/**
 * The value of a config (JSON or JSON5) as plain data: its objects have no prototype, so that a member named `__proto__` is one
 * like any other. `$include` and `${VAR}` stay as written. Throws `config-malformed`.
 */
export function readConfig(text: string, file = CONFIG): unknown {
  return withoutPrototypes(parseText(text, { file, code: 'config-malformed' }));
}

/** What each `$include` of a config names, as written and in order, wherever it stands. Throws `config-malformed`. */
export function includesOf(text: string, file = CONFIG): string[] {
  return includesIn(readConfig(text, file));
}

/**
 * Every string of a config that could be a path: absolute ones, `~`, `~/...`, `~user/...`, `${HOME}/...` and `file:` URLs (as the path they
 * name), and the parts of commands, arguments and variables that could be (see `wordsOf`). Of `host:container` only the host's part;
 * `${VAR}` stays as written. Throws `config-malformed`.
 */
export function listPaths(text: string, file = CONFIG): NamedPath[] {
  parseText(text, { file, code: 'config-malformed' });
  const paths: NamedPath[] = [];
  visitStrings(text, JSON_MAX_DEPTH, ({ isName, start, end, pointer }) => {
    if (isName) return;
    const value = decodeLiteral(text.slice(start, end));
    if (!/[/~]/.test(value)) return;
    const at = pointer();
    const words = wordsOf(value, at);
    for (const word of words) {
      const path = pathIn(word.text);
      const behind = words.length > 1 ? '' : flagOf(word);
      if (path !== null) paths.push({ at, path, behind });
    }
  });
  return paths;
}

function pathIn(value: string): string | null {
  if (/[\n\r\0]/.test(value)) return null;
  const url = /^file:\/\/(?:localhost)?(\/[^?#]*)/.exec(value)?.[1];
  if (url !== undefined) return decodedOr(url);
  return /^(?:\/|~[\w.-]*(?:\/|$)|\$\{HOME\}(?:\/|$))/.test(value) ? value.replace(/:\/.*$/, '') : null;
}

function decodedOr(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

function includesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(includesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    name === '$include' ? [inner].flat().filter((one) => typeof one === 'string') : includesIn(inner),
  );
}

/** Recursion is safe here: `parseText` bounds the depth. */
function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== 'object' || value === null) return value;
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [name, inner] of Object.entries(value)) plain[name] = withoutPrototypes(inner);
  return plain;
}
