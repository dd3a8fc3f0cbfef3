import type { SignalName } from '../core/host.ts';
import { loginCommand, signalCommand, type Launch } from '../host/quote.ts';

/** What a line of neo-pull asks for. */
export type AskedFor =
  | (Launch & { readonly kind: 'launch'; readonly argv: readonly string[]; readonly nonce: string })
  | { readonly kind: 'signal'; readonly signal: SignalName; readonly pid: number };

const AROUND = /^exec \/bin\/sh -c '[^']*' np '([^']*)'$/;
const SIGNAL = / np (TERM|KILL|INT|HUP) ([1-9]\d{0,9})$/;
const WORD = String.raw`'(?:[^']|'\\'')*'`;
const TELL = String.raw`printf '%s%s %s\\n' '([0-9a-f]{16})' '([0-9a-f]{16})' \$\$`;
const SCRIPT = new RegExp(
  `^set \\+xv;${TELL} \\|\\| exit;${TELL} >&2 \\|\\| exit;(?:cd -P -- (${WORD}) \\|\\| exit 125;)?((?:export \\w+=${WORD};)*)exec ([^]*)$`,
);

/**
 * Reads a line that `loginCommand` or `signalCommand` has made; null for any other. Nothing of it is evaluated: what was read is
 * spelled again by those two, and has to come out as the same line to the last byte. Pure.
 */
export function readLine(line: string): AskedFor | null {
  return launchIn(line) ?? signalIn(line);
}

function launchIn(line: string): AskedFor | null {
  const encoded = AROUND.exec(line)?.[1];
  const found = encoded === undefined ? null : SCRIPT.exec(decoded(encoded));
  if (!found) return null;
  const [, first = '', second = '', , , cwd, exports = '', words = ''] = found;
  const argv = wordsIn(words);
  const env = Object.fromEntries(
    [...exports.matchAll(new RegExp(`export (\\w+)=(${WORD});`, 'g'))].map(([, name = '', value = '']) => [
      name,
      unquoted(value),
    ]),
  );
  const launch = { ...(cwd !== undefined && { cwd: unquoted(cwd) }), env };
  const nonce = first + second;
  return spells(line, () => loginCommand(argv, { ...launch, nonce }))
    ? { kind: 'launch', argv, nonce, ...launch }
    : null;
}

function signalIn(line: string): AskedFor | null {
  const [, name, digits] = SIGNAL.exec(line) ?? [];
  if (name === undefined) return null;
  const [signal, pid] = [name as SignalName, Number(digits)];
  return pid > 1 && line === signalCommand(pid, signal) ? { kind: 'signal', signal, pid } : null;
}

function spells(line: string, again: () => string): boolean {
  try {
    return again() === line;
  } catch {
    // Not something that neo-pull would start.
    return false;
  }
}

/** What `printf %b` makes of it: `\0ooo` is a byte. */
function decoded(encoded: string): string {
  const bytes = encoded.replaceAll(/\\0([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

function wordsIn(text: string): string[] {
  return [...text.matchAll(new RegExp(WORD, 'g'))].map(([word]) => unquoted(word));
}

function unquoted(word: string): string {
  return word.slice(1, -1).replaceAll(`'\\''`, "'");
}
