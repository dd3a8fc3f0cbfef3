import { problem, type Problem } from './problem.ts';

/** What an audit of the copy can find; each is the code of a Problem too. */
export type FindingKind =
  'link-into-login' | 'link-astray' | 'hard-link-outside' | 'special-received' | 'setid-dropped' | 'name-unprintable';

/** One name of the copy that an audit has something to say of. All of it is printable. */
export interface Finding {
  /** `link-astray:state/credentials/x`: what `--allow` takes. */
  readonly id: string;
  readonly kind: FindingKind;
  /** `state/credentials/x`: the root, and the path in it. */
  readonly name: string;
  /** What was seen, as the end of a sentence that begins with the name. */
  readonly what: string;
  /** It ends the move; or would, and was let through by name; or has been made harmless; or is only told. */
  readonly verdict: 'stops' | 'allowed' | 'dropped' | 'told';
}

/** What an audit has found: all counted, so many listed. */
export interface Audit {
  readonly count: number;
  readonly findings: readonly Finding[];
}

const SHOWN = 5;

const WORDS: Readonly<Record<FindingKind, { one: string; many: string; hint: string }>> = {
  'link-into-login': {
    one: 'symlink of the copy leads to what lets into this account',
    many: 'symlinks of the copy lead to what lets into this account',
    hint: 'Find out who made it, and remove it on the old machine. Where it is meant',
  },
  'link-astray': {
    one: 'symlink of the copy leads out of what moves, to where the plan does not say',
    many: 'symlinks of the copy lead out of what moves, to where the plan does not say',
    hint: 'If it was made since the plan, the same command again shows where it leads before it asks. Where it is meant',
  },
  'hard-link-outside': {
    one: 'file of the copy has a name outside of it too',
    many: 'files of the copy have names outside of it too',
    hint: 'Something on this machine has linked it: remove that name, or the whole staging directory. Where it is meant',
  },
  'special-received': {
    one: 'device or pipe is in the copy',
    many: 'devices or pipes are in the copy',
    hint: 'rsync is told never to make one, so something else did: remove it. Where it is meant',
  },
  'setid-dropped': {
    one: 'entry had a setuid or setgid bit on the old machine, which was dropped',
    many: 'entries had a setuid or setgid bit on the old machine, which was dropped',
    hint: 'Where you are sure that you want it set it again by hand: chmod u+s for a program, chmod g+s for a directory that shares its group.',
  },
  'name-unprintable': {
    one: 'name of the copy cannot be shown as it is (control characters, or bytes that are no text), and is shown with escapes',
    many: 'names of the copy cannot be shown as they are (control characters, or bytes that are no text), and are shown with escapes',
    hint: 'They are copied as they are. Look whether you know them.',
  },
};

/**
 * One Problem for each kind that something was found of, those first that stop; a kind of which everything was let through by name is a warning.
 * `counts` are of all findings, listed or not. Pure.
 */
export function auditProblems(findings: readonly Finding[], counts: ReadonlyMap<string, number>): Problem[] {
  const kinds = [...new Set(findings.map(({ kind }) => kind))];
  const problems = kinds.flatMap((kind) => {
    const own = findings.filter((one) => one.kind === kind);
    const stopping = own.filter(({ verdict }) => verdict === 'stops');
    const rest = own.filter(({ verdict }) => verdict !== 'stops');
    return [stopping, rest].flatMap((some) => (some.length === 0 ? [] : [problemFor(kind, some, counts)]));
  });
  return problems.sort((one, other) => Number(other.stops) - Number(one.stops));
}

/** Under which name a verdict on a kind is counted. */
export function countKey({ kind, verdict }: Pick<Finding, 'kind' | 'verdict'>): string {
  return `${kind} ${verdict === 'stops' ? 'stops' : 'told'}`;
}

function problemFor(kind: FindingKind, some: readonly Finding[], counts: ReadonlyMap<string, number>): Problem {
  const [first] = some as readonly [Finding, ...Finding[]];
  const total = counts.get(countKey(first)) ?? some.length;
  const { one, many, hint } = WORDS[kind];
  const shown = some.slice(0, SHOWN).map(({ name, what }) => `${name} ${what}`);
  const more = total > shown.length ? `; and ${total - shown.length} more` : '';
  const stops = first.verdict === 'stops';
  const isLetThrough = some.some(({ verdict }) => verdict === 'allowed');
  const end = stops ? `: --allow ${quoted(first.id)}` : '';
  return problem(kind, {
    message: `${total} ${total === 1 ? one : many}: ${shown.join('; ')}${more}.${isLetThrough ? ' Let through by --allow.' : ''}`,
    hint: stops ? `${hint}${end}` : hint.replace(/ Where it is meant$/, ''),
    detail: some.map((finding) => ({ ...finding })),
    stops,
  });
}

/** For a shell; what is printable holds no NUL. */
function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
