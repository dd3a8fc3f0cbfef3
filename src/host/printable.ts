import { isUtf8 } from 'node:buffer';

/** Control (C0, C1, DEL), formatting (bidi, zero width, tags), line and paragraph separators, surrogates, private use. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of foreign origin (names, banners, command output) made safe to print on a terminal, into a log or a report: one line,
 * nothing that a terminal obeys or that reorders what is read. What cannot be shown is shown as an escape (`\n`, `\x1b`,
 * `\u{202e}`); bytes that are not UTF-8 as `\xNN`. Cut to `maxLength` characters, the last being `…` then. Pure.
 */
export function printable(text: string | Buffer, maxLength = 400): string {
  const escapeHigh = typeof text !== 'string' && !isUtf8(text);
  const whole = typeof text === 'string' ? text : text.toString(escapeHigh ? 'latin1' : 'utf8');
  let shown = '';
  let length = 0;
  for (const char of whole) {
    const piece = escapeHigh && char >= '\x80' ? hex(char) : visible(char);
    if (length + piece.length > maxLength) return `${fit(shown, maxLength - 1)}…`;
    shown += piece;
    length += piece.length;
  }
  return shown;
}

function visible(char: string): string {
  return UNPRINTABLE.test(char) ? (SHORT[char] ?? hex(char)) : char;
}

function hex(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Cuts without leaving half of a surrogate pair. */
function fit(text: string, length: number): string {
  const cut = text.slice(0, Math.max(0, length));
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
