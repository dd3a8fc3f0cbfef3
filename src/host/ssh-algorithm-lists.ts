import type { Host } from '../core/host.ts';
import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from './printable.ts';
import { run } from './run.ts';
import { SAFE } from './ssh-algorithms.ts';
import { parseSettings, type SshSettings } from './ssh-config.ts';

/** The lists of algorithms that an SSH configuration may set, each with what is never used of it, as ssh's own patterns. */
const LISTS = {
  kex: { keyword: 'KexAlgorithms', weak: ['*-sha1'] },
  ciphers: { keyword: 'Ciphers', weak: ['*cbc*'] },
  macs: { keyword: 'MACs', weak: ['hmac-sha1*', 'hmac-md5*', 'umac-64*'] },
  hostKeys: { keyword: 'HostKeyAlgorithms', weak: ['ssh-rsa*', 'ssh-dss*'] },
  signatures: { keyword: 'PubkeyAcceptedAlgorithms', weak: ['ssh-rsa*', 'ssh-dss*'] },
} as const;

type Kind = keyof typeof LISTS;
const KINDS = Object.keys(LISTS) as Kind[];

/** One list that a configuration sets, without what is weak. */
export interface AlgorithmList {
  /** Its keyword, as people write it. */
  readonly keyword: string;
  /** In the order of the configuration. Never empty; ssh2 need not have any of them. */
  readonly names: readonly string[];
  /** Of host keys, where ssh's own list only has names taken out: the value for ssh that says so. Else null: the order is the user's. */
  readonly less: string | null;
}

/** What a configuration sets; what it leaves as ssh has it by itself is absent. */
export type AlgorithmLists = Readonly<Partial<Record<Kind, AlgorithmList>>>;

/**
 * The lists of algorithms that settings set. Asks `ssh` for its own ones, which `ssh -G` prints as if they were set; where there is
 * no ssh, those of ssh2 are taken for them. Read-only. Throws `option-invalid` where nothing but weak algorithms is left.
 */
export async function readAlgorithmLists(settings: SshSettings, here: Host): Promise<AlgorithmLists> {
  const argv = ['ssh', '-G', '-F', 'none', '--', 'localhost'];
  const answer = await run(here, argv, { env: { LC_ALL: 'C' } }).catch(() => null);
  return algorithmLists(settings.all, parseSettings(answer?.stdout.toString() ?? ''));
}

/** As `readAlgorithmLists`, from the settings by keyword and from ssh's own. Pure. */
export function algorithmLists(
  all: ReadonlyMap<string, readonly string[]>,
  own: ReadonlyMap<string, readonly string[]>,
): AlgorithmLists {
  const lists: Partial<Record<Kind, AlgorithmList>> = {};
  for (const kind of KINDS) {
    const { keyword, weak } = LISTS[kind];
    const text = valueOf(all, keyword);
    if (text === null) continue;
    const usual = valueOf(own, keyword)?.split(',') ?? SAFE[kind];
    const [names, plain] = [expanded(text, usual), usual].map((each) => each.filter((name) => !isOneOf(name, weak)));
    if (names === undefined || names.length === 0) throw nothingSafe(keyword, text);
    if (names.join() === plain?.join()) continue;
    lists[kind] = { keyword, names, less: kind === 'hostKeys' ? lessOf(names, usual) : null };
  }
  return lists;
}

/**
 * The options for `ssh` that make it offer what the lists say and nothing weak; where a list is absent, its own without the weak ones. Without
 * certificates where the key itself is to be seen. Pure.
 */
export function algorithmOptions(lists: AlgorithmLists, { certificates }: { certificates: boolean }): string[] {
  return KINDS.map((kind) => {
    const { keyword, weak } = LISTS[kind];
    const { names, less } = lists[kind] ?? { names: [], less: `-${weak.join(',')}` };
    const isPlain = kind === 'hostKeys' && !certificates;
    const kept = isPlain ? names.filter((name) => !name.includes('-cert-')) : names;
    // Told what to leave out, ssh goes on asking for host keys of known types first; told names, it keeps to their order.
    if (less !== null) return `${keyword}=${less}${isPlain ? ',*-cert-*' : ''}`;
    return `${keyword}=${(kept.length > 0 ? kept : names).join(',')}`;
  });
}

/** `ssh -G` prints no sign: a list in ssh's own order counts as one that names were taken out of. */
function lessOf(names: readonly string[], usual: readonly string[]): string | null {
  if (usual.filter((name) => names.includes(name)).join() !== names.join()) return null;
  const out = usual.filter((name) => !names.includes(name));
  return `-${[...new Set([...out, ...LISTS.hostKeys.weak])].join(',')}`;
}

/** `PubkeyAcceptedKeyTypes` is what it was called before OpenSSH 8.5. */
function valueOf(all: ReadonlyMap<string, readonly string[]>, keyword: string): string | null {
  const name = keyword.toLowerCase();
  const value =
    all.get(name)?.[0] ?? all.get(name.replace(/^pubkeyacceptedalgorithms$/, 'pubkeyacceptedkeytypes'))?.[0];
  return value === undefined || value.trim() === '' ? null : value.trim();
}

/** A value as a file has it: names, or what is appended (+), taken out (-) or put first (^). `ssh -G` prints names only. */
function expanded(text: string, usual: readonly string[]): string[] {
  const [, sign = '', rest = ''] = /^([-+^]?)(.*)$/s.exec(text) ?? [];
  const patterns = rest.split(',').map((pattern) => pattern.trim());
  if (sign === '-') return usual.filter((name) => !isOneOf(name, patterns));
  const named = patterns.flatMap((pattern) =>
    /[*?]/.test(pattern) ? usual.filter((name) => isOneOf(name, [pattern])) : pattern === '' ? [] : [pattern],
  );
  return [...new Set(sign === '+' ? [...usual, ...named] : sign === '^' ? [...named, ...usual] : named)];
}

function isOneOf(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
  });
}

function nothingSafe(keyword: string, text: string): ProblemError {
  return fail('option-invalid', {
    message: `${keyword} of the SSH configuration leaves nothing but weak algorithms: ${printable(text, 200)}`,
    hint: `Let ${keyword} name a safe one as well (SHA-1, MD5, CBC and compression are not used); ssh -Q ${keyword} lists what there is.`,
  });
}
