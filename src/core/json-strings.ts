import JSON5 from 'json5';

/** One string literal in a text of JSON or JSON5. */
export interface StringSpot {
  /** Is it the name of a member, or a value? */
  readonly isName: boolean;
  /** Offset of the opening quote. */
  readonly start: number;
  /** Offset behind the closing quote. */
  readonly end: number;
  /** The name of the member that it is in; null in a list and where there is nothing but a string. Only during the visit. */
  readonly key: () => string | null;
  /** JSON pointer of the value. Only during the visit. */
  readonly pointer: () => string;
}

/**
 * Visits every string literal in the order of the text, in one linear pass that holds no tree: the tree of a large session
 * index takes a gigabyte and seconds. The text is to be one that a parser accepts; of any other the visits mean
 * nothing, but it ends. Returns where the nesting goes beyond `maxDepth`, and stops there; null when it does not.
 */
export function visitStrings(text: string, maxDepth: number, visit: (spot: StringSpot) => void): number | null {
  const open: Open[] = [];
  const key = () => nameOf(open.at(-1));
  const pointer = () => open.map((one) => `/${pointerSegment(one)}`).join('');
  let at = 0;
  while (at < text.length) {
    const top = open.at(-1);
    const char = text.charAt(at);
    const start = at;
    at = tokenEnd(text, at, top?.wantsName === true);
    if (char === '{' || char === '[') {
      if (open.length === maxDepth) return start;
      open.push({ isObject: char === '{', wantsName: char === '{', name: null, index: 0 });
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === ',' && top) {
      top.wantsName = top.isObject;
      top.index++;
    } else if (top?.wantsName && isWord(text, start, at)) {
      top.name = text.slice(start, at);
      top.wantsName = false;
      if (isQuote(char)) visit({ isName: true, start, end: at, key, pointer });
    } else if (isQuote(char)) {
      visit({ isName: false, start, end: at, key, pointer });
    }
  }
  return null;
}

/** The text with some of its string literals written anew; where `replace` gives null the literal stays, and so does all else. */
export function replaceStrings(text: string, replace: (literal: string, spot: StringSpot) => string | null): string {
  const parts: string[] = [];
  let done = 0;
  visitStrings(text, Infinity, (spot) => {
    const literal = replace(text.slice(spot.start, spot.end), spot);
    if (literal === null) return;
    parts.push(text.slice(done, spot.start), literal);
    done = spot.end;
  });
  return parts.join('') + text.slice(done);
}

/** The text that a string literal stands for; `literal` includes its quotes. */
export function decodeLiteral(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return String(JSON5.parse(escapeSeparators(literal)));
  }
}

/** JSON5 prints a warning for each U+2028 and U+2029 that stands in a string as it is; as escapes they mean the same. */
export function escapeSeparators(literal: string): string {
  return literal.replace(/\\[^]|[\u2028\u2029]/g, (found) => {
    if (found === '\u2028') return '\\u2028';
    if (found === '\u2029') return '\\u2029';
    // Behind a backslash each of them continues the line and stands for nothing.
    return found === '\\\u2028' || found === '\\\u2029' ? '' : found;
  });
}

/** Writes a text as a literal in the given kind of quotes, understood alike by JSON5 and, in double quotes, by JSON. */
export function encodeLiteral(text: string, quote: string): string {
  const body = escapeSeparators(JSON.stringify(text).slice(1, -1));
  return quote === "'" ? `'${body.replace(/\\.|'/g, inSingleQuotes)}'` : `"${body}"`;
}

/** An object or list around the place that is looked at. */
interface Open {
  readonly isObject: boolean;
  wantsName: boolean;
  /** The present member's name, as written. */
  name: string | null;
  index: number;
}

function tokenEnd(text: string, at: number, wantsName: boolean): number {
  const char = text.charAt(at);
  if (isQuote(char)) return stringEnd(text, at);
  if (char === '/') return commentEnd(text, at);
  return wantsName && isNameChar(char) ? nameEnd(text, at) : at + 1;
}

function stringEnd(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === 0x5c) at++;
  }
  return text.length;
}

function commentEnd(text: string, start: number): number {
  if (text[start + 1] === '*') {
    const close = text.indexOf('*/', start + 2);
    return close < 0 ? text.length : close + 2;
  }
  if (text[start + 1] !== '/') return start + 1;
  let at = start + 2;
  while (at < text.length && !/[\n\r\u2028\u2029]/.test(text.charAt(at))) at++;
  return at;
}

function nameEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && isNameChar(text.charAt(at))) at++;
  return at;
}

function isNameChar(char: string): boolean {
  return !/[\s:/,{}[\]"']/.test(char);
}

function isQuote(char: string): boolean {
  return char === '"' || char === "'";
}

function isWord(text: string, start: number, end: number): boolean {
  return end > start && (isQuote(text.charAt(start)) || isNameChar(text.charAt(start)));
}

function nameOf(one: Open | undefined): string | null {
  const written = one?.name ?? null;
  if (written === null || isQuote(written.charAt(0))) return written === null ? null : decodeLiteral(written);
  return written.includes('\\') ? decodeLiteral(`"${written}"`) : written;
}

function pointerSegment(one: Open): string {
  const name = nameOf(one);
  return name === null ? String(one.index) : name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function inSingleQuotes(found: string): string {
  if (found === "'") return "\\'";
  return found === '\\"' ? '"' : found;
}
