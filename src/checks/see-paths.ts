import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { askScript } from './ask-script.ts';
import { PATHS_SCRIPT } from './paths-script.ts';
import { countOf, groupsOf, valueOf, type Answer } from './survey-answer.ts';

/** What one path is, symlinks followed. */
export interface PathFacts {
  readonly kind: 'file' | 'dir' | 'other' | 'none';
  /** With the symlinks of its directory resolved; of a directory its own too. The path as asked where its directory is not there. */
  readonly realPath: string;
  /** The text of the symlink that the path itself is. */
  readonly link: string | null;
  readonly isReadable: boolean;
  /** Is it a directory with nothing in it, as far as can be seen? */
  readonly isEmpty: boolean;
  /** Is it a directory on which another file system is mounted? */
  readonly isMount: boolean;
  /** Does it begin as the programs of Linux and macOS do? */
  readonly isProgram: boolean;
  readonly bytes: number;
}

export interface Waiting {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const AT_ONCE = 400;

/**
 * Looks at paths (absolute) on a machine. Read-only; none need exist. A path that a read-only account does not let be looked at is
 * missing in the answer. Throws `survey-failed`, `connection-lost`.
 */
export async function seePaths(
  host: Host,
  paths: readonly string[],
  waiting: Waiting,
): Promise<Map<string, PathFacts>> {
  const all = [...new Set(paths)];
  const seen = new Map<string, PathFacts>();
  for (let at = 0; at < all.length; at += AT_ONCE) {
    for (const [path, facts] of await ask(host, all.slice(at, at + AT_ONCE), waiting)) seen.set(path, facts);
  }
  return seen;
}

async function ask(host: Host, args: readonly string[], waiting: Waiting): Promise<[string, PathFacts][]> {
  try {
    const question = { what: 'Looking at the paths in the config', script: PATHS_SCRIPT, args, timeoutMs: 120_000 };
    const groups = groupsOf(await askScript(host, { ...question, ...waiting }), 'path');
    return args.flatMap((path, at) => {
      const group = groups[at] ?? [];
      return valueOf(group, 'path') === path ? [[path, factsOf(path, group)]] : [];
    });
  } catch (thrown) {
    if (!(thrown instanceof ProblemError) || thrown.problem.code !== 'account-read-only') throw thrown;
    if (args.length <= 1) return [];
    // One of them leads out of what the key may see: the others may be looked at all the same.
    const half = Math.ceil(args.length / 2);
    return [...(await ask(host, args.slice(0, half), waiting)), ...(await ask(host, args.slice(half), waiting))];
  }
}

function factsOf(path: string, group: Answer): PathFacts {
  const kind = valueOf(group, 'path.kind');
  return {
    kind: kind === 'file' || kind === 'dir' || kind === 'other' ? kind : 'none',
    realPath: valueOf(group, 'path.real') ?? path,
    link: valueOf(group, 'path.link'),
    isReadable: valueOf(group, 'path.readable') !== null,
    isEmpty: valueOf(group, 'path.empty') !== null,
    isMount: valueOf(group, 'path.mount') !== null,
    isProgram: valueOf(group, 'path.binary') !== null,
    bytes: countOf(group, 'path.bytes') ?? 0,
  };
}
