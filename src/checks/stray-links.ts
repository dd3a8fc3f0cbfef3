import { posix as path } from 'node:path';
import type { Host } from '../core/host.ts';
import { askScript } from './ask-script.ts';
import { LINKS_SCRIPT } from './links-script.ts';
import type { Waiting } from './see-paths.ts';
import { groupsOf, listOf } from './survey-answer.ts';

/** A symlink inside a directory that moves, and where it leads: by its text, resolved against its own directory. */
export interface StrayLink {
  /** The directory that was asked about. */
  readonly top: string;
  /** Absolute. */
  readonly link: string;
  readonly target: string;
}

/**
 * The symlinks inside directories (real paths, absolute) that lead out of the one that they lie in. Read-only. Throws `survey-failed`,
 * `connection-lost`.
 */
export async function strayLinks(host: Host, tops: readonly string[], waiting: Waiting): Promise<StrayLink[]> {
  if (tops.length === 0) return [];
  const question = { what: 'Looking for symlinks', script: LINKS_SCRIPT, args: tops, timeoutMs: 20 * 60_000 };
  const groups = groupsOf(await askScript(host, { ...question, ...waiting }), 'root');
  return tops.flatMap((top, at) => {
    const said = listOf(groups[at] ?? [], 'root.links');
    const links = said.flatMap((link, place) => {
      const text = said[place + 1];
      return place % 2 === 1 || text === undefined
        ? []
        : [{ top, link, target: path.resolve(path.dirname(link), text) }];
    });
    return links.filter(({ target }) => target !== top && !target.startsWith(`${top}/`));
  });
}
