/** What a gateway owns, in the order in which people are told of it; each with its name for one and for several. */
export const KINDS = {
  agent: ['agent', 'agents'],
  session: ['session', 'sessions'],
  transcript: ['transcript', 'transcripts'],
  'cron-job': ['cron job', 'cron jobs'],
  credential: ['credential', 'credentials'],
  channel: ['channel account', 'channel accounts'],
  device: ['paired device', 'paired devices'],
  memory: ['memory file', 'memory files'],
  skill: ['skill', 'skills'],
  extension: ['extension', 'extensions'],
  hook: ['hook', 'hooks'],
  approval: ['approved command', 'approved commands'],
  queued: ['waiting message', 'waiting messages'],
  'configured-agent': ['agent of the config', 'agents of the config'],
  'configured-channel': ['channel of the config', 'channels of the config'],
} as const satisfies Readonly<Record<string, readonly [one: string, several: string]>>;

export type Kind = keyof typeof KINDS;

/** Names of everything of each kind, sorted, each once. Never a value: a credential is the name of its file or profile. */
type Names = Readonly<Record<Kind, readonly string[]>>;

/** A database of which it is not known what is in it. */
export interface Unread {
  /** As it is called on every machine: `state/smart-agent-neo.sqlite`. */
  readonly file: string;
  /** Null where the machine has nothing that reads a database. */
  readonly why: string | null;
}

export interface Census extends Names {
  readonly unread: readonly Unread[];
}

/** How many there are of each kind. */
export type Counts = Readonly<Record<Kind, number>>;

/** One thing that was there before and is not any more. */
export interface Lost {
  readonly kind: Kind;
  readonly name: string;
}

export function isKind(text: unknown): text is Kind {
  return typeof text === 'string' && Object.hasOwn(KINDS, text);
}

/** Puts names together by kind. Pure. */
export function censusOf(items: Iterable<readonly [kind: Kind, name: string]>, unread: readonly Unread[] = []): Census {
  const byKind = new Map<Kind, Set<string>>();
  for (const [kind, name] of items) byKind.set(kind, (byKind.get(kind) ?? new Set()).add(name));
  return { ...forEachKind((kind) => [...(byKind.get(kind) ?? [])].sort()), unread };
}

/** Pure. */
export function countsOf(census: Census): Counts {
  return forEachKind((kind) => census[kind].length);
}

/**
 * What `before` has and `after` has not, by name; what is new is no loss. What has gone from one place and is new in another, as when a
 * doctor brings files into a database, has moved. Nothing is said of what may be in a database that nothing can read there. Pure.
 */
export function lostBetween(before: Census, after: Census, kinds: readonly Kind[]): Lost[] {
  const isBlind = after.unread.some(({ why }) => why === null);
  return kinds.flatMap((kind) => {
    if (isBlind && IN_DATABASES.has(kind)) return [];
    const [had, left] = [new Set(before[kind]), new Set(after[kind])];
    const fresh = new Set(after[kind].filter((name) => !had.has(name)).map((name) => withoutPlace(kind, name)));
    const isLeft = (name: string): boolean => left.has(name) || (isPlaced(kind) && fresh.has(withoutPlace(kind, name)));
    return before[kind].filter((name) => !isLeft(name)).map((name) => ({ kind, name }));
  });
}

/** Databases that could be read, or were not there, and now cannot be read although there is something that could. Pure. */
export function spoiledBetween(before: Census, after: Census): Unread[] {
  const known = new Set(before.unread.map(({ file }) => file));
  return after.unread.filter(({ file, why }) => why !== null && !known.has(file));
}

/** What some release keeps in a database. */
const IN_DATABASES: ReadonlySet<Kind> = new Set<Kind>([
  'agent',
  'session',
  'transcript',
  'cron-job',
  'credential',
  'channel',
  'device',
  'memory',
  'approval',
  'queued',
]);

function isPlaced(kind: Kind): boolean {
  return kind === 'session' || kind === 'transcript' || kind === 'credential' || kind === 'device';
}

/** A name without whose it is and where it lies. A topic has a transcript of its own only where transcripts are files. */
function withoutPlace(kind: Kind, name: string): string {
  if (kind === 'transcript') return name.replace(/^.*\//, '').replace(/-topic-[^/]*(?=\.jsonl$)/, '');
  return name.replace(/^.*?: /, '');
}

/** `2 agents, 14 sessions`: every kind of which there is something. Pure. */
export function countsText(counts: Counts): string {
  const told = everyKind().filter((kind) => counts[kind] > 0);
  return told.map((kind) => `${counts[kind]} ${KINDS[kind][counts[kind] === 1 ? 0 : 1]}`).join(', ');
}

export function everyKind(): readonly Kind[] {
  return Object.keys(KINDS) as Kind[];
}

function forEachKind<T>(make: (kind: Kind) => T): Readonly<Record<Kind, T>> {
  return Object.fromEntries(everyKind().map((kind) => [kind, make(kind)])) as Record<Kind, T>;
}
