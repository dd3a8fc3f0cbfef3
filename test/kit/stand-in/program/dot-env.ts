/** As the dotenv package reads a file: quotes of three kinds, values over several lines, `#` after a value without quotes. */
const DOT_ENV =
  /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm;

/** The variables of a `.env` file. */
export function parseDotEnv(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (let found; (found = DOT_ENV.exec(text.replace(/\r\n?/gm, '\n'))) !== null;) {
    let value = (found[2] ?? '').trim();
    const isExpanded = value.startsWith('"');
    value = value.replace(/^(['"`])([\s\S]*)\1$/gm, '$2');
    if (isExpanded) value = value.replace(/\\n/g, '\n').replace(/\\r/g, '\r');
    values[found[1] ?? ''] = value;
  }
  return values;
}
