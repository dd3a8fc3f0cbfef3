/**
 * The variables that an `EnvironmentFile=` sets, by the rules of systemd.exec(5): comments, quotes, backslashes, values over several
 * lines, and no `$`. Of a name that occurs twice the last one counts. They are secrets: for memory only. Pure; never throws.
 */
export function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let rest = text.replaceAll('\r\n', '\n');
  while (rest !== '') {
    // Of a comment, of an empty line and of one that assigns nothing there is nothing to be kept.
    const [line = '', name] = /^[^\S\n]*(?:[#;][^\n]*|([^\n=#;][^\n=]*)=|[^\n]*)/.exec(rest) ?? [];
    rest = rest.slice(line.length);
    if (name === undefined) {
      rest = rest.slice(1);
      continue;
    }
    const [value, length] = valueAt(rest);
    rest = rest.slice(length);
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name.trim())) values.set(name.trim(), value);
  }
  return values;
}

/** Quoted pieces one after the other, then a bare one to the end of the line. */
const PIECE = /^[^\S\n]*(?:'([^']*)'?|"((?:\\[\s\S]|[^"\\])*)"?|((?:\\[\s\S]|[^\n\\])+))/;

function valueAt(text: string): readonly [value: string, length: number] {
  let value = '';
  let at = 0;
  for (;;) {
    const [whole = '', single, double, bare] = PIECE.exec(text.slice(at)) ?? [];
    at += whole.length;
    value += single ?? (double === undefined ? bareText(bare ?? '') : doubleText(double));
    if (whole === '' || bare !== undefined) break;
  }
  const end = text.indexOf('\n', at);
  return [value, end < 0 ? text.length : end + 1];
}

function doubleText(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, (whole, char: string) =>
    char === '\n' ? '' : '"\\`$'.includes(char) ? char : whole,
  );
}

/** An escaped blank at its end stays; one that is not goes. */
function bareText(text: string): string {
  return (/^(?:\\[\s\S]|[^\\])*?(?=[^\S\n]*$)/.exec(text)?.[0] ?? text).replaceAll(/\\([\s\S])/g, (_, char: string) =>
    char === '\n' ? '' : char,
  );
}
