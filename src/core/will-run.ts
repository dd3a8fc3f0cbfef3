/** What kinds of things of a copy a gateway, its agents or their tools may start. */
export const RUNNABLE_KINDS = {
  hook: 'hook of the gateway',
  skill: 'skill',
  extension: 'extension',
  plugin: 'plugin',
  tool: 'tool',
  directory: 'directory that the config or a symlink names',
  'cron-job': 'cron job',
  command: 'command of the config',
  'git-hook': 'hook of Git',
  'git-config': 'Git configuration that names commands',
  envrc: 'shell file of direnv',
  'npm-script': 'script of package.json',
} as const;

export type RunnableKind = keyof typeof RUNNABLE_KINDS;

/** Something of the copy that may run on this machine. All of it is printable. */
export interface Runnable {
  readonly kind: RunnableKind;
  /** `state/hooks/on-start.sh`; of a part of a file, the place in it too: `state/cron/jobs.json: daily`. */
  readonly name: string;
  /** How many files it is; 0 for a part of a file. */
  readonly files: number;
  /** Over the content: of one file or part, its own; of a directory, over the names, kinds and sums of all that is in it. Null where it was not read. */
  readonly sha256: string | null;
}

/** All of them: all counted, so many listed. */
export interface WillRun {
  readonly count: number;
  readonly listed: readonly Runnable[];
}

/** Something that runs by its place: what it is, and how many names from its top one such thing has. */
interface Rule {
  readonly kind: RunnableKind;
  readonly pattern: RegExp;
}

const IN_STATE: readonly Rule[] = [
  { kind: 'hook', pattern: /^hooks\/[^/]+/ },
  { kind: 'skill', pattern: /^skills\/[^/]+/ },
  { kind: 'extension', pattern: /^extensions\/[^/]+/ },
  { kind: 'plugin', pattern: /^(?:plugins|mpm)\/[^/]+/ },
  { kind: 'tool', pattern: /^(?:tools|bin)\/[^/]+/ },
];

/** Relative to the workspace; what a product keeps in a hidden directory of it counts as its own. */
const IN_WORKSPACE: readonly Rule[] = [
  { kind: 'skill', pattern: /^(?:\.[^/]+\/)?skills\/[^/]+/ },
  { kind: 'hook', pattern: /^(?:\.(?!git\/)[^/]+\/)?hooks\/[^/]+/ },
  { kind: 'extension', pattern: /^\.[^/]+\/extensions\/[^/]+/ },
  { kind: 'git-hook', pattern: /^\.husky\/[^/]+/ },
  { kind: 'envrc', pattern: /^\.envrc$/ },
];

/** In either room, at any depth. */
const ANYWHERE: readonly Rule[] = [
  { kind: 'git-hook', pattern: /^(?:.*\/)?\.git\/(?:modules\/.+\/)?hooks\/(?!.*\.sample$)[^/]+$/ },
];

/**
 * To which thing that may run an entry belongs: its kind, and its path relative to the same directory as `path`; null for what does not run by
 * its place. `workspace` says whether that directory is a workspace. Pure.
 */
export function runnableAt(path: string, workspace: boolean): { kind: RunnableKind; path: string } | null {
  for (const { kind, pattern } of [...ANYWHERE, ...(workspace ? IN_WORKSPACE : IN_STATE)]) {
    const found = pattern.exec(path)?.[0];
    if (found !== undefined) return { kind, path: found };
  }
  return null;
}

/** Keys of Git's configuration whose value is a command, or where commands lie. */
const GIT_COMMANDS =
  /^\s*(?:hooksPath|fsmonitor|sshCommand|gitProxy|pager|editor|askPass|helper|clean|smudge|process|textconv|command|external|driver|program|cmd|uploadpack|receivepack)\s*=|^\s*[\w-]+\s*=\s*"?!|^\s*\[include/im;

/** Does this text of a `.git/config` name commands, or another file that may? Pure. */
export function namesCommands(gitConfig: string): boolean {
  return GIT_COMMANDS.test(gitConfig);
}

const COMMAND_KEY = /^(?:command|cmd|program|executablePath|binary|cliPath|cliCommand)$|Command$/;

/** Every object of a config that names a command: its JSON pointer, the program, and the whole of what is started. Pure. */
export function commandsIn(value: unknown, at = ''): { at: string; program: string; text: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const members = Object.entries(value) as [string, unknown][];
  const own = members.flatMap(([key, said]) => {
    const [program] = Array.isArray(said) ? (said as unknown[]) : [said];
    if (!COMMAND_KEY.test(key) || typeof program !== 'string' || program === '') return [];
    const { args = null, env = null } = value as { args?: unknown; env?: unknown };
    return [{ at: `${at}/${key}`, program, text: JSON.stringify([said, args, env]) }];
  });
  return [...own, ...members.flatMap(([key, inner]) => commandsIn(inner, `${at}/${key}`))];
}

/** The jobs of `cron/jobs.json`, without what says when each ran last. Pure. */
export function jobsIn(value: unknown): { name: string; text: string }[] {
  const { jobs } = (typeof value === 'object' && value !== null ? value : {}) as { jobs?: unknown };
  if (!Array.isArray(jobs)) return [];
  return (jobs as unknown[]).flatMap((job) => {
    if (typeof job !== 'object' || job === null) return [];
    const { state: _, ...rest } = job as Record<string, unknown>;
    const { name, id } = rest;
    const shown = [name, id].find((one) => typeof one === 'string' && one !== '');
    return [{ name: typeof shown === 'string' ? shown : 'without a name', text: JSON.stringify(rest) }];
  });
}

/** The scripts of a `package.json`. Pure. */
export function scriptsIn(value: unknown): { name: string; text: string }[] {
  const { scripts } = (typeof value === 'object' && value !== null ? value : {}) as { scripts?: unknown };
  if (typeof scripts !== 'object' || scripts === null) return [];
  return Object.entries(scripts).flatMap(([name, text]) => (typeof text === 'string' ? [{ name, text }] : []));
}
