/** What an agent or daemon of launchd says of how it is started. */
export interface Plist {
  readonly label: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** Variables whose values are secrets: the facts of a service are told without them. */
const SECRET = /TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|CREDENTIAL/i;

/**
 * Reads the few keys of an XML property list that matter here, at the top level of its dictionary. Entities of XML itself are known
 * and no others: nothing is included, nothing expanded. Null for what is no such list. Pure; never throws, in linear time.
 */
export function parsePlist(text: string): Plist | null {
  const values = topLevel(uncommented(text.slice(0, 65_536)));
  const label = values.get('Label')?.[0];
  if (label === undefined) return null;
  const program = values.get('Program')?.slice(0, 1) ?? [];
  const pairs = values.get('EnvironmentVariables') ?? [];
  const named = pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? ''] as const] : []));
  return {
    label,
    argv: values.get('ProgramArguments') ?? program,
    environment: Object.fromEntries(named.filter(([name]) => !SECRET.test(name))),
  };
}

function uncommented(text: string): string {
  const [first = '', ...rest] = text.split('<!--');
  return first + rest.map((part) => (part.includes('-->') ? part.slice(part.indexOf('-->') + 3) : '')).join('');
}

/** Each key of the outermost dictionary with all the strings and keys in its value. */
function topLevel(text: string): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  let depth = 0;
  let open: string[] | null = null;
  for (const [, slash = '', tag = '', empty = '', inside = ''] of text.matchAll(
    /<(\/?)(dict|array|key|string)\b[^<>]*?(\/?)>([^<]*)/g,
  )) {
    if (tag === 'dict' || tag === 'array') {
      if (empty === '') depth += slash === '' ? 1 : -1;
    } else if (slash === '') {
      const value = plain(inside);
      if (tag === 'key' && depth === 1) found.set(value, (open = []));
      else open?.push(value);
    }
  }
  return found;
}

function plain(text: string): string {
  return text.replace(/&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, name, ten, hex) => {
    if (typeof name === 'string') return ENTITIES[name] ?? whole;
    const code = typeof ten === 'string' ? Number(ten) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
