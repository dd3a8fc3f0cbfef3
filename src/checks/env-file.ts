type State =
  'before-name' | 'name' | 'comment' | 'before-value' | 'bare' | 'bare-escape' | 'single' | 'double' | 'double-escape';

/** What is read of one assignment so far. */
interface Reading {
  state: State;
  name: string;
  value: string;
  /** Where the blanks begin that a bare value ends in so far; null where it ends in none, or in an escaped one. */
  blanksAt: number | null;
}

/**
 * The variables that an `EnvironmentFile=` sets, as systemd reads one character after the other (`parse_env_file_internal`, 254 and later:
 * a backslash does not lead a comment over its line): comments by `#` and `;`, quoted pieces and a bare one behind them, values over
 * several lines, and no `$`. Of a name that occurs twice the last one counts. They are secrets: for memory only. Pure; never throws.
 * `np_variables` of the survey does the same on the machine, for the names.
 */
export function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const reading: Reading = { state: 'before-name', name: '', value: '', blanksAt: null };
  for (const char of text) {
    if (isNewline(char) && (reading.state === 'before-value' || reading.state === 'bare')) take(reading, values);
    else READ[reading.state](reading, char);
  }
  if (!['before-name', 'name', 'comment'].includes(reading.state)) take(reading, values);
  return values;
}

function take(reading: Reading, values: Map<string, string>): void {
  const { state, value, blanksAt } = reading;
  const name = reading.name.replace(/[ \t]+$/, '');
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    values.set(name, state === 'bare' && blanksAt !== null ? value.slice(0, blanksAt) : value);
  reading.state = 'before-name';
}

const isNewline = (char: string): boolean => char === '\n' || char === '\r';
const isBlank = (char: string): boolean => char === ' ' || char === '\t' || isNewline(char);

const READ: Readonly<Record<State, (reading: Reading, char: string) => void>> = {
  'before-name'(reading, char) {
    if (char === '#' || char === ';') reading.state = 'comment';
    else if (!isBlank(char)) Object.assign(reading, { state: 'name', name: char, value: '', blanksAt: null });
  },
  name(reading, char) {
    if (isNewline(char)) reading.state = 'before-name';
    else if (char === '=') reading.state = 'before-value';
    else reading.name += char;
  },
  comment(reading, char) {
    if (isNewline(char)) reading.state = 'before-name';
  },
  'before-value'(reading, char) {
    if (char === "'") reading.state = 'single';
    else if (char === '"') reading.state = 'double';
    else if (char === '\\') reading.state = 'bare-escape';
    else if (!isBlank(char)) {
      reading.state = 'bare';
      reading.value += char;
    }
  },
  bare(reading, char) {
    if (char === '\\') Object.assign(reading, { state: 'bare-escape', blanksAt: null });
    else {
      reading.blanksAt = isBlank(char) ? (reading.blanksAt ?? reading.value.length) : null;
      reading.value += char;
    }
  },
  'bare-escape'(reading, char) {
    reading.state = 'bare';
    if (!isNewline(char)) reading.value += char;
  },
  single(reading, char) {
    if (char === "'") reading.state = 'before-value';
    else reading.value += char;
  },
  double(reading, char) {
    if (char === '"') reading.state = 'before-value';
    else if (char === '\\') reading.state = 'double-escape';
    else reading.value += char;
  },
  'double-escape'(reading, char) {
    reading.state = 'double';
    if ('"\\`$'.includes(char)) reading.value += char;
    else if (char !== '\n') reading.value += `\\${char}`;
  },
};
