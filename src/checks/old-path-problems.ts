import type { ConfigLeft, Plan, Root } from '../core/plan.ts';
import { problem, type Problem, type ProblemCode } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** Why an old path stays: it is free text, its file is to be built again, it gives rights, or it leads to what does not move. */
export type Why = 'text' | 'config' | 'rebuild' | 'pattern' | 'link' | 'foreign';

/** So many are named in a report; all are counted. */
const LISTED = 200;
const SHOWN = 8;

interface Hit {
  readonly root: string;
  readonly what: string;
  readonly count: number;
}

const WORDS: Readonly<Record<Why, { code: ProblemCode; message: string; hint: string }>> = {
  text: {
    code: 'text-names-old-path',
    message: 'name old paths in free text, which is never rewritten',
    hint: 'Read them over on this machine, and put the new path where the agent is to follow it.',
  },
  config: {
    code: 'config-names-old-path',
    message: 'values of the config name old paths inside of other words, and are left as they are',
    hint: 'Read them over, and put the new path where the gateway is to use it: on the old machine before the move, or here after it.',
  },
  rebuild: {
    code: 'rebuild-needed',
    message: 'start programs by their old path, and are to be built again here',
    hint: 'Make Python environments anew (python3 -m venv), and run npm ci or npm link again where node_modules is named.',
  },
  pattern: {
    code: 'approval-names-old-path',
    message: 'patterns of the exec approvals name old paths; rewriting them widens what an agent may run',
    hint: 'Approve them again here, or have them rewritten: --rewrite-approvals',
  },
  link: {
    code: 'link-not-moved',
    message: 'symlinks or Git files lead to something in the old home that does not move',
    hint: 'Copy what they lead to, or name it as a workspace: --workspace',
  },
  foreign: {
    code: 'path-foreign',
    message: 'config files hold paths of Windows, which are left alone',
    hint: 'Put paths of this machine there, or take them out.',
  },
};

/** Collects what was found, in bounded memory. */
export class OldPaths {
  /** False when something was not looked at any more. */
  isWhole = true;
  readonly #hits = new Map<Why, { hits: Hit[]; files: number; count: number }>();

  /** Notes one file or pattern, printable; a count of 0 is none. */
  add(why: Why, root: Pick<Root, 'id'>, what: string, count = 1): void {
    if (count === 0) return;
    const noted = this.#hits.get(why) ?? { hits: [], files: 0, count: 0 };
    this.#hits.set(why, noted);
    noted.files += 1;
    noted.count += count;
    if (noted.hits.length < LISTED) noted.hits.push({ root: root.id, what, count });
  }

  /** One warning for each kind, with its files and their counts. */
  problems(): Problem[] {
    return [...this.#hits].map(([why, { hits, files, count }]) => {
      const { code, message, hint } = WORDS[why];
      const shown = hits.slice(0, SHOWN).map((hit) => `${hit.what}${hit.count > 1 ? ` (${hit.count})` : ''}`);
      const more = files > shown.length ? `, and ${files - shown.length} more` : '';
      const unseen = this.isWhole ? '' : ' There was no time to look through everything.';
      const places = why === 'text' ? `${files} files with ${count} places` : String(files);
      return problem(code, {
        message: `${places} ${message}: ${shown.join(', ')}${more}.${unseen}`,
        hint,
        detail: hits.map((hit) => ({ ...hit })),
      });
    });
  }
}

/** Notes one value of a config, by its key alone: what it is may be a secret. */
export function addConfigLeft(found: OldPaths, { root, file, at, count }: ConfigLeft): void {
  found.add('config', { id: root }, printable(`${file} ${at}`), count);
}

/** The same warning before anything is copied. Read-only. */
export function configPathsLeft({ configRewrites: { left = [] } }: Plan): PureCheck {
  return pureCheck('config-paths', 'Old paths inside of other words of the config are named', () => {
    const found = new OldPaths();
    for (const one of left) addConfigLeft(found, one);
    return found.problems();
  });
}
