import JSON5 from 'json5';
import { escapeSeparators, replaceStrings, visitStrings } from './json-strings.ts';
import { fail, type ProblemError } from './problem.ts';
import { shown } from './shown.ts';

/** Above this a text is refused unread: the old machine decides how long it is. */
export const JSON_MAX_BYTES = 64 * 1024 * 1024;
/** JSON5 is read some fifty times slower than JSON, so what is not plain JSON must be shorter. */
export const JSON5_MAX_BYTES = 8 * 1024 * 1024;
/** Deeper nesting than this is no config that a person wrote. */
export const JSON_MAX_DEPTH = 200;

/** Which text it is, for the message, and which Problem to throw. */
export interface TextSource {
  readonly file: string;
  readonly code: 'config-malformed' | 'rewrite-failed' | 'settings-invalid';
}

/**
 * Reads JSON or JSON5 (a byte order mark before it is allowed) as `JSON.parse` and `JSON5.parse` would.
 * Throws the code of `source`, with line and column, when it does not parse, is too long or nested too deeply.
 */
export function parseText(text: string, source: TextSource): unknown {
  const bytes = Buffer.byteLength(text);
  if (bytes > JSON_MAX_BYTES) throw malformed(source, `is ${bytes} bytes long; up to ${JSON_MAX_BYTES} are read`);
  const tooDeep = visitStrings(text, JSON_MAX_DEPTH, () => undefined);
  if (tooDeep !== null) throw malformed(source, `is nested more than ${JSON_MAX_DEPTH} deep`, placeOf(text, tooDeep));
  const bare = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(bare);
  } catch (error) {
    if (bytes <= JSON5_MAX_BYTES) return parseJson5(bare, source);
    throw malformed(source, 'is not JSON, and too long to be read as JSON5', failurePlace(bare, error));
  }
}

/** UTF-8 as text of which each byte comes back. Throws the code of `source` when some byte would not, as it could not be kept. */
export function textOf(bytes: Buffer, source: TextSource): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw malformed(source, 'is not UTF-8', undefined, error);
  }
}

function parseJson5(text: string, source: TextSource): unknown {
  try {
    return JSON5.parse(withoutWarnings(text));
  } catch (error) {
    const { lineNumber: line, columnNumber: column } = error as { lineNumber?: number; columnNumber?: number };
    const place = line === undefined || column === undefined ? undefined : { line, column };
    throw malformed(source, 'is neither JSON nor JSON5', place);
  }
}

function withoutWarnings(text: string): string {
  return /[\u2028\u2029]/.test(text) ? replaceStrings(text, escapeSeparators) : text;
}

/** V8 tells the place only in words, and not always; `$` keeps what it quotes of the text from passing for them. */
function failurePlace(text: string, error: unknown): Place | undefined {
  const position = /in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(String(error))?.[1];
  if (position !== undefined) return placeOf(text, Number(position));
  return String(error).endsWith('end of JSON input') ? placeOf(text, text.length) : undefined;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function placeOf(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split(/\r\n|[\n\r\u2028\u2029]/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function malformed({ file, code }: TextSource, what: string, place?: Place, cause?: unknown): ProblemError {
  const where = place ? ` (line ${place.line}, column ${place.column})` : '';
  const words = {
    message: `${shown(file)} ${what}${where}.`,
    hint: `Repair the file${code === 'settings-invalid' ? '' : ' on the old machine'}, then run the same command again.`,
    ...(place ? { detail: { ...place } } : {}),
  };
  return fail(code, words, { cause });
}
