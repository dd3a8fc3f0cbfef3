import { mapPath } from './mapping.ts';
import type { Mapping } from './plan.ts';
import type { Rewritten, TextRewrite } from './rewrite.ts';

/** A file of Git that can name a place absolutely. */
export type GitFile = 'link' | 'back-link' | 'config';

const NO_HOMES = { oldHome: '', newHome: '' };

/**
 * Which of Git's files a path names: `.git` of a worktree or submodule, the way back to it (`.git/worktrees/x/gitdir`), or a config.
 * Null for all others. Pure; `path` is relative.
 */
export function gitFileOf(path: string): GitFile | null {
  if (/(?:^|\/)\.git$/.test(path)) return 'link';
  if (/(?:^|\/)\.git\/(?:modules\/.+\/)?worktrees\/[^/]+\/gitdir$/.test(path)) return 'back-link';
  if (/(?:^|\/)\.git\/(?:modules\/.+\/|worktrees\/[^/]+\/)?config(?:\.worktree)?$/.test(path)) return 'config';
  return null;
}

/**
 * A file of Git with its absolute paths put to their new places: of `gitdir:`, of the way back, and of `core.worktree`; relative
 * ones and all else stay byte for byte. `mapping` is of what moves, for a path to what does not is better left as it was.
 * Text may be latin1 of the bytes, when `mapping` is too. Pure, not idempotent.
 */
export function rewriteGit(text: string, kind: GitFile, mapping: readonly Mapping[]): Rewritten {
  const rewrites: TextRewrite[] = [];
  const moved = (at: string, from: string): string | null => {
    const to = from.startsWith('/') ? mapPath(from, mapping, NO_HOMES) : null;
    if (to !== null) rewrites.push({ at, from, to });
    return to;
  };
  const rewritten = kind === 'config' ? configText(text, moved) : pointerText(text, kind, moved);
  return { text: rewritten, rewrites };
}

type Moved = (at: string, from: string) => string | null;

function pointerText(text: string, kind: 'link' | 'back-link', moved: Moved): string {
  const [, head = '', path = '', end = ''] =
    (kind === 'link' ? /^(gitdir: )([^\n]*)(\n*)$/ : /^()([^\n]*)(\n*)$/).exec(text) ?? [];
  const to = moved('gitdir', path);
  return to === null ? text : head + to + end;
}

/** Only plain values are understood: one with escapes or a comment behind it stays, as does all that is not `core.worktree`. */
function configText(text: string, moved: Moved): string {
  let section = '';
  const lines = text.split('\n').map((line) => {
    section = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim().toLowerCase() ?? section;
    const [, head, value] = /^(\s*worktree\s*=\s*)(\S.*?)\s*$/i.exec(line) ?? [];
    if (section !== 'core' || head === undefined || value === undefined) return line;
    const path = /^"([^"\\]*)"$/.exec(value)?.[1] ?? (/["\\#;]/.test(value) ? null : value);
    const to = path === null ? null : moved('core.worktree', path);
    return to === null ? line : head + valueText(to, value.startsWith('"'));
  });
  return lines.join('\n');
}

function valueText(path: string, wasQuoted: boolean): string {
  return wasQuoted || /["\\#;]|^\s|\s$/.test(path) ? `"${path.replace(/["\\]/g, '\\$&')}"` : path;
}
