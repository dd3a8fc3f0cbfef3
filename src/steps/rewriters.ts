import { gitFileOf, rewriteGit } from '../core/git-paths.ts';
import { textOf } from '../core/json-text.ts';
import { movedOnly } from '../core/mapping.ts';
import { latin1 } from '../core/mentions.ts';
import type { Plan, Root } from '../core/plan.ts';
import { rewriteApprovals, rewriteConfig, rewriteSessions, type Rewritten, type TextRewrite } from '../core/rewrite.ts';

/** By its usual name, in whichever directory; what the config calls otherwise is in the Plan. */
const SESSION_INDEX = /(?:^|\/)sessions\.json$/;
const APPROVALS = 'exec-approvals.json';
const JSON_TEXT = 'rewrite-failed';

/** A file's content with its old paths rewritten, and which these are. */
export interface RewrittenFile {
  readonly content: Buffer;
  readonly rewrites: readonly TextRewrite[];
}

/** Always given the original. Throws `config-malformed`, `rewrite-failed`. */
export type Rewriter = (original: Buffer) => RewrittenFile;

/** How the old paths in a file are rewritten, or null for all the files that are never touched. `path` is relative to the root. */
export function rewriterOf(plan: Plan, root: Root, path: Buffer): Rewriter | null {
  const file = path.toString();
  const { mapping } = plan;
  const options = { file, oldHome: plan.old.home, newHome: plan.new.home };
  if (plan.configFiles.some((config) => config.root === root.id && config.file === file)) {
    return (original) => inUtf8(rewriteConfig(textOf(original, { file, code: 'config-malformed' }), mapping, options));
  }
  const isStore = (plan.sessionStores ?? []).some((store) => store.root === root.id && store.file === file);
  if (isStore || (root.room === 'state' && SESSION_INDEX.test(file))) {
    return (original) => inUtf8(rewriteSessions(textOf(original, { file, code: JSON_TEXT }), mapping, options));
  }
  if (root.room === 'state' && file === APPROVALS) {
    const withPatterns = plan.asked.rewriteApprovals;
    return (original) =>
      inUtf8(rewriteApprovals(textOf(original, { file, code: JSON_TEXT }), mapping, { ...options, withPatterns }));
  }
  return gitRewriter(plan, file);
}

/** Git takes any bytes for a path, so its files are read by bytes. */
function gitRewriter(plan: Plan, file: string): Rewriter | null {
  const kind = gitFileOf(file);
  if (kind === null) return null;
  const moved = movedOnly(plan).map(({ from, to }) => ({ from: latin1(from), to: latin1(to) }));
  return (original) => {
    const { text, rewrites } = rewriteGit(original.toString('latin1'), kind, moved);
    const readable = rewrites.map(({ at, from, to }) => ({
      at,
      from: bytes(from).toString(),
      to: bytes(to).toString(),
    }));
    return { content: bytes(text), rewrites: readable };
  };
}

function inUtf8({ text, rewrites }: Rewritten): RewrittenFile {
  return { content: Buffer.from(text), rewrites };
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
