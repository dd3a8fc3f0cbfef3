import { closeSync, constants, openSync, readSync } from 'node:fs';
import { gitFileOf, rewriteGit, type GitFile } from '../core/git-paths.ts';
import { latin1, mentionFinder } from '../core/mentions.ts';
import { mapLink, movedOnly, movesNothing } from '../core/mapping.ts';
import type { Plan, Root } from '../core/plan.ts';
import { rewriteApprovals, rewriteConfig } from '../core/rewrite.ts';
import type { Clock } from '../core/clock.ts';
import { ProblemError, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import type { Entry } from '../walk/entry.ts';
import { addConfigLeft, OldPaths } from './old-path-problems.ts';

/** Free text that people and agents read, and scripts that they wrote. Transcripts are history, whatever stands in them. */
const TEXT =
  /(?:\.(?:md|txt|sh|py|js|mjs|cjs|ts|json|json5|ya?ml|toml|service|plist)|(?:^|\/)\.env|(?:^|\/)\.git\/config|\/info\/alternates)$/;
const NEVER =
  /(?:^|\/)(?:node_modules|site-packages|\.venv|venv|objects|browser|logs|sessions|identity|devices|credentials|media)\//;
const SHEBANG_BYTES = 512;
const TEXT_BYTES = 1024 * 1024;
/** Nothing waits for this but the person; still it ends. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_MS = 60_000;

/** Looks at the entries of the copy as a walk goes by. */
export interface OldPathLooker {
  look(root: Root, entry: Entry): void;
  problems(): Problem[];
}

/**
 * Looks in the copy for old paths that nobody may rewrite: in free text, in launchers that are to be built again, in allow patterns, in
 * links to what does not move. Read-only, and bounded in time, memory and bytes; what it did not get to is said.
 */
export function oldPathsLeft(plan: Plan, clock: Clock): OldPathLooker {
  const found = new OldPaths();
  const look: Look = { plan, found, mentions: mentionFinder(plan.mapping), bytes: 0, until: clock.now() + MOST_MS };
  return {
    look(root, entry) {
      if (movesNothing(plan.mapping) || !found.isWhole) return;
      if (look.bytes > MOST_BYTES || clock.now() > look.until) found.isWhole = false;
      else if (entry.type === 'symlink') lookAtLink(root, entry, look);
      else if (entry.type === 'file') lookAtFile(root, entry, look);
    },
    problems: () => found.problems(),
  };
}

interface Look {
  readonly plan: Plan;
  readonly found: OldPaths;
  readonly mentions: (text: string) => number;
  bytes: number;
  readonly until: number;
}

function lookAtLink(root: Root, { path, link }: Entry, { plan, found }: Look): void {
  if (!link || mapLink(link, plan.mapping) === null) return;
  if (mapLink(link, movedOnly(plan)) !== null) return;
  const isModule = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path.toString());
  found.add(isModule ? 'rebuild' : 'link', root, printable(path));
}

function lookAtFile(root: Root, entry: Entry, look: Look): void {
  const file = entry.path.toString();
  if (isConfig(root, file, look.plan)) {
    lookAtConfig(root, entry, look);
    return;
  }
  const git = gitFileOf(file);
  if (git !== null && leadsAway(readHead(root, entry, TEXT_BYTES), git, look.plan))
    look.found.add('link', root, printable(entry.path));
  if (root.room === 'state' && file === 'exec-approvals.json') {
    lookAtApprovals(root, entry, look);
    return;
  }
  const isLauncher = /(?:^|\/)(?:pyvenv\.cfg|node_modules\/\.bin\/[^/]+)$/.test(file);
  const isProgram = (entry.mode & 0o111) !== 0;
  const isText = TEXT.test(file) && !NEVER.test(`/${file}`);
  if (!isLauncher && !isProgram && !isText) return;
  const text = readHead(root, entry, isLauncher || isText ? TEXT_BYTES : SHEBANG_BYTES);
  look.bytes += text.length;
  const shebang = text.startsWith('#!') ? (text.split('\n', 1)[0] ?? '') : '';
  if (look.mentions(isLauncher ? text : shebang) > 0) look.found.add('rebuild', root, printable(entry.path));
  else if (isText) look.found.add('text', root, printable(entry.path), look.mentions(text));
}

/** Its values that are paths are rewritten; what stands inside of other words is not. */
function lookAtConfig(root: Root, entry: Entry, { plan, found }: Look): void {
  const head = readHead(root, entry, TEXT_BYTES);
  const windows = head.match(/["'](?:[A-Za-z]:\\\\|\\\\\\\\)/g) ?? [];
  found.add('foreign', root, printable(entry.path), windows.length);
  const homes = { oldHome: plan.old.home, newHome: plan.new.home };
  const file = entry.path.toString();
  whereItParses(() => {
    const { left } = rewriteConfig(Buffer.from(head, 'latin1').toString(), plan.mapping, homes);
    for (const one of left) addConfigLeft(found, { root: root.id, file, ...one });
  });
}

/** Reconcile refuses in its own words what does not parse. */
function whereItParses(look: () => void): void {
  try {
    look();
  } catch (thrown) {
    if (!(thrown instanceof ProblemError)) throw thrown;
  }
}

function leadsAway(text: string, git: GitFile, plan: Plan): boolean {
  const inBytes = (pairs: Plan['mapping']) => pairs.map(({ from, to }) => ({ from: latin1(from), to: latin1(to) }));
  const all = rewriteGit(text, git, inBytes(plan.mapping)).rewrites.length;
  return all > rewriteGit(text, git, inBytes(movedOnly(plan))).rewrites.length;
}

function isConfig(root: Root, file: string, { configFiles }: Plan): boolean {
  return configFiles.some((config) => config.root === root.id && config.file === file);
}

function lookAtApprovals(root: Root, entry: Entry, { plan, found }: Look): void {
  const text = Buffer.from(readHead(root, entry, TEXT_BYTES), 'latin1').toString();
  const options = { oldHome: plan.old.home, newHome: plan.new.home, withPatterns: plan.asked.rewriteApprovals };
  whereItParses(() => {
    const { left } = rewriteApprovals(text, plan.mapping, options);
    for (const { from } of left) found.add('pattern', root, printable(from));
  });
}

/** Latin1 of the first bytes; nothing where it has just gone or cannot be read, for the copy is still being made. */
function readHead(root: Root, { path, size }: Entry, most: number): string {
  const place = Buffer.concat([Buffer.from(`${root.stagingPath}/`), path]);
  let fd: number | null = null;
  try {
    fd = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(Math.min(size, most));
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  } catch {
    return '';
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
