/** A `systemctl` or `loginctl` command line, taken apart. */
export interface Arguments {
  readonly flags: ReadonlySet<string>;
  readonly properties: readonly string[];
  readonly signal: string;
  readonly words: readonly string[];
}

const TAKES_VALUE = new Set([
  '-p',
  '--property',
  '-s',
  '--signal',
  '-n',
  '--lines',
  '-t',
  '--type',
  '--state',
  '-M',
  '--machine',
  '-o',
  '--output',
]);

/** Short flags are known by their long names. */
const LONG: Record<string, string> = {
  '-p': '--property',
  '-s': '--signal',
  '-q': '--quiet',
  '-f': '--force',
  '-a': '--all',
  '-l': '--full',
  '-n': '--lines',
  '-t': '--type',
  '-M': '--machine',
  '-o': '--output',
};

/** Flags of systemctl and loginctl that mean something here, by their long names. */
const KNOWN = new Set([
  ...['--user', '--system', '--quiet', '--force', '--all', '--full', '--now', '--runtime', '--no-legend', '--no-pager'],
  ...[
    '--plain',
    '--value',
    '--no-ask-password',
    '--no-block',
    '--version',
    '--property',
    '--signal',
    '--lines',
    '--type',
  ],
  ...['--state', '--machine', '--output'],
]);

/** The first flag that the real one would not know, or null. */
export function unknownFlag({ flags }: Arguments): string | null {
  return [...flags].find((flag) => !KNOWN.has(flag)) ?? null;
}

export function takeApart(argv: readonly string[]): Arguments {
  const flags = new Set<string>();
  const found = { words: [] as string[], properties: [] as string[], signal: 'SIGTERM' };
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-')) {
      found.words.push(word);
      continue;
    }
    const glued = /^(-[ps])(.+)$/.exec(word) ?? /^(--[a-z-]+)=(.*)$/.exec(word);
    const name = glued?.[1] ?? word;
    const given = glued?.[2] ?? (TAKES_VALUE.has(name) ? rest.shift() : undefined) ?? '';
    const long = LONG[name] ?? name;
    flags.add(long);
    if (long === '--property') found.properties.push(...given.split(','));
    if (long === '--signal') found.signal = given.startsWith('SIG') ? given : `SIG${given}`;
  }
  return { ...found, flags };
}
