import { posix as path } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { includesOf } from '../core/config-text.ts';
import type { Host } from '../core/host.ts';
import type { GatewayFacts, Inventory } from '../core/inventory.ts';
import { ProblemError } from '../core/problem.ts';
import { askScript } from './ask-script.ts';
import { FILES_SCRIPT } from './files-script.ts';
import { groupsOf, valueOf } from './survey-answer.ts';

/** The product follows includes this deep. */
const DEEPEST = 10;
const MOST_FILES = 200;

/** What a config file includes, as absolute paths: each is relative to the file that names it. Pure. Throws `config-malformed`. */
export function includePathsOf(file: { readonly path: string; readonly text: string }): string[] {
  return includesOf(file.text).map((name) => includePath(file.path, name));
}

/** Where an `$include` in a file leads to: its name is relative to that file. Pure. */
export function includePath(file: string, name: string): string {
  return path.resolve(path.dirname(file), name);
}

/**
 * Reads every file that a gateway's config includes, at any depth. Read-only. What is not there, cannot be read or does not
 * parse is left to pre-flight: it is missing in the list, or its own includes are. Throws `survey-failed`, `connection-lost`.
 */
export async function readIncludes(
  host: Host,
  gateway: Pick<GatewayFacts, 'configPath' | 'configText'>,
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<Inventory['includes']> {
  if (gateway.configText === null) return [];
  const read = new Map<string, string>();
  const asked = new Set([gateway.configPath]);
  let wanted = parsed({ path: gateway.configPath, text: gateway.configText });
  for (let depth = 0; depth < DEEPEST && wanted.length > 0 && asked.size < MOST_FILES; depth += 1) {
    const args = [...new Set(wanted)].filter((file) => !asked.has(file)).slice(0, MOST_FILES);
    if (args.length === 0) break;
    args.forEach((file) => asked.add(file));
    const what = 'Reading the parts of the config';
    const answer = await askScript(host, { what, script: FILES_SCRIPT, args, timeoutMs: 60_000, clock, signal });
    const files = groupsOf(answer, 'file').flatMap((group) => {
      const [file, text] = [valueOf(group, 'file'), valueOf(group, 'file.text')];
      return file === null || text === null || !args.includes(file) ? [] : [{ path: file, text }];
    });
    files.forEach((file) => read.set(file.path, file.text));
    wanted = files.flatMap(parsed);
  }
  return [...read].map(([file, text]) => ({ path: file, text }));
}

function parsed(file: { path: string; text: string }): string[] {
  try {
    return includePathsOf(file);
  } catch (thrown) {
    if (thrown instanceof ProblemError) return [];
    throw thrown;
  }
}
