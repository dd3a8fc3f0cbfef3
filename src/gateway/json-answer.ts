import { fail } from '../core/problem.ts';

/** No answer of the product comes near this; a hostile old machine's may. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Deeper nesting than any answer of the product has. It also bounds the work that a hostile text can cause. */
const MAX_DEPTH = 64;
const TOO_DEEP = -2;

/**
 * The JSON value in what a command printed, whatever stands around it: boxed notices before, advice after. An object or a list that
 * begins at the start of a line counts; of several, the longest. Null when there is none: plain text where JSON was asked for.
 * Keys named `__proto__` are dropped. Throws `output-too-large` above 8 MiB.
 */
export function readJsonAnswer(output: string | Buffer): unknown {
  if (Buffer.byteLength(output) > MAX_ANSWER_BYTES) {
    throw fail('output-too-large', {
      message: `A command answered with ${Buffer.byteLength(output)} bytes, where ${MAX_ANSWER_BYTES} are far more than it should need.`,
      hint: 'Run the command by hand on that machine and see what it prints.',
    });
  }
  const text = output.toString();
  let best: { value: unknown; length: number } | null = null;
  for (let at = nextStart(text, 0); at !== -1;) {
    const end = endOfValue(text, at);
    if (end === TOO_DEEP) return null;
    const value = end === -1 ? undefined : parse(text.slice(at, end));
    if (value !== undefined && end - at > (best?.length ?? 0)) best = { value, length: end - at };
    // What is inside a value that was read is not looked at again.
    at = nextStart(text, value === undefined ? at + 1 : end);
  }
  return best?.value ?? null;
}

/** The next `{` or `[` with nothing but blanks before it on its line, from `from` on. */
function nextStart(text: string, from: number): number {
  const bracket = /[{[]/g;
  bracket.lastIndex = from;
  for (let found = bracket.exec(text); found; found = bracket.exec(text)) {
    let before = found.index - 1;
    while (text[before] === ' ' || text[before] === '\t') before--;
    if (before < 0 || text[before] === '\n' || text[before] === '\r') return found.index;
    // Nothing else on this line can be at its start.
    const lineEnd = text.indexOf('\n', found.index);
    if (lineEnd === -1) return -1;
    bracket.lastIndex = lineEnd;
  }
  return -1;
}

/** Just after the bracket that closes the one at `start`, strings being skipped; -1 when none does, or `TOO_DEEP`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      at = endOfString(text, at);
      if (at === -1) return -1;
    } else if (char === '{' || char === '[') {
      if (++depth > MAX_DEPTH) return TOO_DEEP;
    } else if (char === '}' || char === ']') {
      if (--depth === 0) return at + 1;
    }
  }
  return -1;
}

/** The quote that closes the string begun at `start`; -1 when the line or the text ends first, which no JSON string survives. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return at;
    if (char === '\n') return -1;
    if (char === '\\') at++;
  }
  return -1;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value));
  } catch {
    return undefined;
  }
}
