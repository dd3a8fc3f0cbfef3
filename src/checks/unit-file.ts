/** What a service definition of systemd says of how a gateway is started. */
export interface UnitFile {
  readonly execStart: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Every variable that it sets, also those whose values are left out, and in which of the texts: its place in the list. */
  readonly setIn: Readonly<Record<string, number>>;
}

/** What stands for `%n`, `%h`, `%u` and `%U` in a unit of a user. */
export interface UnitNames {
  readonly unit: string;
  readonly home: string;
  readonly user: string;
  readonly uid: number;
}

/** Variables whose values are secrets: the facts of a service are told without them. */
export const SECRET_NAME = /TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|CREDENTIAL/i;

/**
 * Reads a unit file and its drop-ins, in the order in which systemd reads them, by the quoting rules of systemd.syntax(7) and
 * systemd.service(5): continued lines, comments, quotes, C escapes, specifiers, `$VAR` of the unit's own environment, lists
 * that an empty assignment resets. Of several `ExecStart=` the last one counts. Values that look like secrets are left out.
 * Pure; never throws, whatever the text.
 */
export function parseUnit(texts: readonly string[], names: UnitNames): UnitFile {
  const { execStart, environment, setIn } = readUnit(texts, names);
  return {
    execStart: withoutPrefix(execStart).flatMap((word) => variables(word, environment)),
    environment: Object.fromEntries([...environment].filter(([name]) => !SECRET_NAME.test(name))),
    setIn: Object.fromEntries(setIn),
  };
}

/** The variables that a unit and its drop-ins set, secrets with them: for memory only. Pure; never throws. */
export function unitVariables(texts: readonly string[], names: UnitNames): ReadonlyMap<string, string> {
  return readUnit(texts, names).environment;
}

function readUnit(texts: readonly string[], names: UnitNames) {
  let execStart: readonly string[] = [];
  const environment = new Map<string, string>();
  const setIn = new Map<string, number>();
  const lines = texts.flatMap((text, at) => serviceLines(text).map((line) => [...line, at] as const));
  for (const [key, value, at] of lines) {
    if (key === 'ExecStart') execStart = value === '' ? [] : splitWords(value).map((word) => expand(word, names));
    if (key !== 'Environment') continue;
    if (value === '') [environment, setIn].forEach((all) => all.clear());
    for (const word of splitWords(value)) {
      const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(expand(word, names)) ?? [];
      if (name === undefined || text === undefined) continue;
      environment.set(name, text);
      setIn.set(name, at);
    }
  }
  return { execStart, environment, setIn };
}

/**
 * Splits a value into words as systemd does: at spaces and tabs outside of quotes; quotes and escapes are taken away.
 * A quote that is never closed reaches to the end. Pure.
 */
export function splitWords(value: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < value.length; at += 1) {
    const char = value[at] ?? '';
    if (char === '\\') {
      const [text, length] = escaped(value.slice(at));
      word = (word ?? '') + text;
      at += length - 1;
    } else if (quote !== '' ? char === quote : char === '"' || char === "'") {
      quote = quote === '' ? char : '';
      word ??= '';
    } else if (quote === '' && (char === ' ' || char === '\t')) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  return word === null ? words : [...words, word];
}

/** Assignments of the section `[Service]`, with continued lines joined and comments gone. */
function serviceLines(text: string): (readonly [key: string, value: string])[] {
  const lines: string[] = [];
  let open = false;
  for (const line of text.split(/\r?\n/)) {
    // A comment among continued lines is skipped and does not end them.
    if (/^\s*[#;]/.test(line)) continue;
    const continues = /(^|[^\\])(\\\\)*\\$/.test(line);
    const body = continues ? `${line.slice(0, -1)} ` : line;
    if (open) lines.push((lines.pop() ?? '') + body);
    else lines.push(body);
    open = continues;
  }
  let section = '';
  return lines.flatMap((line) => {
    section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1] ?? section;
    const at = line.indexOf('=');
    return section !== 'Service' || at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
  });
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The text that an escape at the start of `rest` stands for, and how long it is. An unknown escape stays as it is. */
function escaped(rest: string): readonly [text: string, length: number] {
  const simple = SIMPLE[rest[1] ?? ''];
  if (simple !== undefined) return [simple, 2];
  const [whole, hex, octal, four, eight] =
    /^\\(?:x([0-9a-f]{2})|([0-7]{3})|u([0-9a-f]{4})|U([0-9a-f]{8}))/i.exec(rest) ?? [];
  const code = octal === undefined ? Number.parseInt(hex ?? four ?? eight ?? '', 16) : Number.parseInt(octal, 8);
  if (whole === undefined || code === 0 || code > 0x10ffff) return ['\\', 1];
  return [String.fromCodePoint(code), whole.length];
}

function expand(word: string, names: UnitNames): string {
  const values: Readonly<Record<string, string>> = {
    n: names.unit,
    N: names.unit.replace(/\.service$/, ''),
    p: names.unit.replace(/\.service$/, '').replace(/@.*/s, ''),
    h: names.home,
    u: names.user,
    U: String(names.uid),
    '%': '%',
  };
  return word.replace(/%([A-Za-z%])/g, (whole, letter: string) => values[letter] ?? whole);
}

/** Takes away what may stand before the program (`-`, `@`, `:`, `+`, `!`); after `@` comes a name that is not an argument. */
function withoutPrefix(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words;
  if (first === undefined) return [];
  const prefix = /^[-@:+!]*/.exec(first)?.[0] ?? '';
  return [first.slice(prefix.length), ...(prefix.includes('@') ? rest.slice(1) : rest)];
}

/** `${NAME}` anywhere, `$NAME` as a word of its own (then split, or nothing), `$$` for a dollar. */
function variables(word: string, environment: ReadonlyMap<string, string>): string[] {
  const alone = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word)?.[1];
  if (alone !== undefined) return splitWords(environment.get(alone) ?? '');
  return [
    word.replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string | undefined) =>
      whole === '$$' ? '$' : (environment.get(name ?? '') ?? ''),
    ),
  ];
}
