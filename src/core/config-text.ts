import { decodeLiteral, visitStrings } from './json-strings.ts';
import { JSON_MAX_DEPTH, parseText } from './json-text.ts';

const CONFIG = 'the config';

/** A path that a config names; `at` is its JSON pointer. */
export interface NamedPath {
  readonly at: string;
  readonly path: string;
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
 * name). Of `host:container` only the host's part; `${VAR}` stays as written. Throws `config-malformed`.
 */
export function listPaths(text: string, file = CONFIG): NamedPath[] {
  parseText(text, { file, code: 'config-malformed' });
  const paths: NamedPath[] = [];
  visitStrings(text, JSON_MAX_DEPTH, ({ isName, start, end, pointer }) => {
    if (isName) return;
    const path = pathIn(decodeLiteral(text.slice(start, end)));
    if (path !== null) paths.push({ at: pointer(), path });
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
