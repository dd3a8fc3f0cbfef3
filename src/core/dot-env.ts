import { fail } from './problem.ts';

/**
 * One assignment, by the grammar of the dotenv package: a value in quotes may go over several lines, and no quote is escaped in it; one
 * without ends at `#` or at the end of its line.
 */
const ASSIGNMENT =
  /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

/** Needs no quotes, whoever reads it. */
const PLAIN = /^[A-Za-z0-9_./:@%+,=-]+$/;

/** What a `.env` file sets; of a name that occurs twice the last one counts. Pure. */
export function readDotEnv(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [, name = '', raw = ''] of text.replaceAll(/\r\n?/g, '\n').matchAll(ASSIGNMENT)) {
    const value = raw.trim();
    const bare = value.replace(/^(['"`])([\s\S]*)\1$/, '$2');
    values.set(name, value.startsWith('"') ? bare.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : bare);
  }
  return values;
}

/**
 * The text of a `.env` file with variables added to its end; a name that it sets already keeps its value. What was written is read
 * back before it is given. Pure. Throws `env-not-carried` for a value that no such file can hold (no value is told).
 */
export function withVariables(text: string, variables: ReadonlyMap<string, string>): string {
  const had = readDotEnv(text);
  const fresh = [...variables].filter(([name]) => !had.has(name));
  if (fresh.length === 0) return text;
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  const lines = fresh.map(([name, value]) => `${name}=${quoted(name, value)}\n`);
  const whole = `${text}${gap}# Variables of the old gateway from outside of its state, carried by neo-pull.\n${lines.join('')}`;
  const found = readDotEnv(whole);
  const expected = [...had, ...fresh];
  if (found.size !== expected.length || expected.some(([name, value]) => found.get(name) !== value)) {
    throw unwritable(fresh.map(([name]) => name).join(', '));
  }
  return whole;
}

/** In the first form that means this value to every reader of such files: none of them knows an escape for a quote. */
function quoted(name: string, value: string): string {
  if (PLAIN.test(value)) return value;
  const forms = [`'${value}'`, ...(value.includes('\\') ? [] : [`"${value}"`]), `\`${value}\``];
  // A backslash before the closing quote is an escape to some of them.
  const form = forms.find((one) => !value.includes(one.slice(-1)) && !value.endsWith('\\'));
  const isOneWord = /^[^\s'"`#][^#\r\n]*$/.test(value) && value.trim() === value;
  if (value.includes('\r') || (form === undefined && !isOneWord)) throw unwritable(name);
  return form ?? value;
}

function unwritable(names: string): Error {
  return fail('env-not-carried', {
    message: `A .env file cannot hold the value of ${names}: it has all three kinds of quotes, a carriage return, or ends in a backslash.`,
    hint: 'Set it for the service on this machine by hand, and move without --carry-env.',
  });
}
