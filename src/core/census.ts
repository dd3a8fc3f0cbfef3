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
} as const satisfies Readonly<Record<string, readonly [one: string, several: string]>>;

export type Kind = keyof typeof KINDS;

/** Names of everything of each kind, sorted, each once. Never a value: a credential is the name of its file or profile. */
export type Census = Readonly<Record<Kind, readonly string[]>>;

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
export function censusOf(items: Iterable<readonly [kind: Kind, name: string]>): Census {
  const byKind = new Map<Kind, Set<string>>();
  for (const [kind, name] of items) byKind.set(kind, (byKind.get(kind) ?? new Set()).add(name));
  return forEachKind((kind) => [...(byKind.get(kind) ?? [])].sort());
}

/** Pure. */
export function countsOf(census: Census): Counts {
  return forEachKind((kind) => census[kind].length);
}

/** What `before` has and `after` has not, by name; what is new is no loss. Pure. */
export function lostBetween(before: Census, after: Census, kinds: readonly Kind[]): Lost[] {
  return kinds.flatMap((kind) => {
    const left = new Set(after[kind]);
    return before[kind].filter((name) => !left.has(name)).map((name) => ({ kind, name }));
  });
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
