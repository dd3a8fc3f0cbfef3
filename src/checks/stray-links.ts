import { posix as path } from 'node:path';
import type { Host } from '../core/host.ts';
import { askScript } from './ask-script.ts';
import { LINKS_END, LINKS_SCRIPT } from './links-script.ts';
import { fail } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
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
 * where there are too many to be looked through too, and `connection-lost`.
 */
export async function strayLinks(host: Host, tops: readonly string[], waiting: Waiting): Promise<StrayLink[]> {
  if (tops.length === 0) return [];
  const question = { what: 'Looking for symlinks', script: LINKS_SCRIPT, args: tops, timeoutMs: 20 * 60_000 };
  const groups = groupsOf(await askScript(host, { ...question, ...waiting }), 'root');
  return tops.flatMap((top, at) => {
    const said = listOf(groups[at] ?? [], 'root.links');
    if (said.splice(-2).join() !== LINKS_END.join()) throw cut(top);
    const links = said.flatMap((link, place) => {
      const text = said[place + 1];
      return place % 2 === 1 || text === undefined
        ? []
        : [{ top, link, target: path.resolve(path.dirname(link), text) }];
    });
    return links.filter(({ target }) => target !== top && !target.startsWith(`${top}/`));
  });
}

/** What a link that was not seen leads to would stay behind without a word. */
function cut(top: string): Error {
  return fail('survey-failed', {
    message: `There are more symlinks in ${printable(top)} on the old machine than could be looked through, in number or in time.`,
    hint: `See where they are, and remove what can be made anew, or leave it out: find ${pasteable(top)} -type l | head`,
  });
}
