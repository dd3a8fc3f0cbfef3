import { byteSegments, compileGlob, globMatches, type Glob } from './glob.ts';
import type { ExcludeRule } from './plan.ts';
import { fail, type ProblemError } from './problem.ts';
import { shown } from './shown.ts';

/** Grows with every change of `EXCLUDE_TABLE`, so that a Plan tells by which table it left things out. */
export const EXCLUDE_VERSION = 1;

/**
 * What is never copied, and why. Rules of the room `state` are anchored at the state dir and do not reach into workspaces,
 * not even into those that lie inside the state dir.
 *
 * Kept on purpose: `*-wal` and `*-journal` (they hold committed data), archived transcripts (`*.jsonl.deleted.*`, `.reset.*`,
 * `.bak*`), `.env`, `media/`, `delivery-queue/`, and `agents/<id>/qmd/`: it can be rebuilt, but only by fetching models and
 * embedding everything again, and copying it costs nothing but bytes.
 */
export const EXCLUDE_TABLE: readonly ExcludeRule[] = [
  rule('any', '.np-partial/', 'half a file of an unfinished neo-pull transfer'),
  rule('state', '/.neo-pull*', "neo-pull's own folder or a leftover of it"),
  rule('state', '/agents/*/sessions/*.jsonl.lock', 'write lock of a session, held by a process of the old machine'),
  rule(
    'state',
    '/agents/*/sessions/sessions.json.lock',
    'lock of the session index, held by a process of the old machine',
  ),
  rule('state', '/agents/*/agent/*.json.lock', 'lock of the model keys, held by a process of the old machine'),
  rule(
    'state',
    '/*.json.lock',
    'lock of a file at the top of the state or agent dir, held by a process of the old machine',
  ),
  rule('state', '/credentials/*.json.lock', 'lock of a channel store, held by a process of the old machine'),
  rule('state', '/gateway.*.lock', 'lock of the running gateway: it would keep the new one from starting'),
  rule('state', '/*.pid', 'number of a process of the old machine'),
  rule('state', '/exec-approvals.sock', 'socket: the gateway makes it when it starts'),
  rule('state', '/logs/', 'logs of the old machine'),
  rule('state', '/*.log', 'log of the old machine'),
  rule('state', '/tmp/', 'temporary files and locks of the running gateway'),
  rule('state', '/cache/', 'cache: the gateway fills it again'),
  rule('state', '/update-check.json', 'when this machine last looked for updates'),
  rule('state', '/restart-sentinel.json', 'mark of a restart: the new gateway would announce one that never was'),
  rule('state', '/disable-launchagent', 'mark for the service manager of the old machine'),
  rule(
    'state',
    '*.sqlite-shm',
    'shared memory of an open database: SQLite makes it from the -wal file, which is copied',
  ),
  rule('state', '*.db-shm', 'shared memory of an open database: SQLite makes it from the -wal file, which is copied'),
  rule('state', '/memory/*.tmp-*', 'unfinished rebuild of a memory index'),
  rule('state', '/sandbox/containers.json', 'list of containers that exist on the old machine only'),
  rule('state', '/sandbox/browsers.json', 'list of browser containers that exist on the old machine only'),
  rule('state', '/browser/*/user-data/Singleton*', 'lock of a browser that runs on the old machine'),
  rule('state', '/browser/*/user-data/DevToolsActivePort', 'port of a browser that runs on the old machine'),
  rule('state', '/browser/*/user-data/*ShaderCache/', 'cache of a browser, made for the old graphics driver'),
  rule('state', '/browser/*/user-data/GraphiteDawnCache/', 'cache of a browser, made for the old graphics driver'),
  rule('state', '/browser/*/user-data/*/Cache/', 'cache of a browser'),
  rule('state', '/browser/*/user-data/*/Code Cache/', 'cache of a browser'),
  rule('state', '/browser/*/user-data/*/GPUCache/', 'cache of a browser, made for the old graphics driver'),
  rule('state', '/browser/*/user-data/*/Dawn*Cache/', 'cache of a browser, made for the old graphics driver'),
];

/**
 * Turns one `--exclude` value into a rule for every root; `/x` is then at the top of each root.
 * Throws `option-invalid` for what rsync and the manifest could read differently, or what would leave out everything.
 */
export function parseExclude(text: string): ExcludeRule {
  const body = text.replace(/^\//, '').replace(/\/$/, '');
  const segments = body.split('/');
  if (body === '') throw invalid(text, 'is empty');
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid(text, 'holds a control character');
  if (/[[\]\\]/.test(text)) throw invalid(text, 'holds [, ] or \\, which neo-pull does not read as rsync would');
  if (text.includes('**')) throw invalid(text, 'holds **');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw invalid(text, 'has an empty segment, . or ..');
  if (body === '*') throw invalid(text, 'would leave out everything');
  if (Buffer.byteLength(text) > 1024) throw invalid(text, 'is longer than 1024 bytes');
  return { pattern: text, reason: 'left out by --exclude', room: 'any' };
}

/**
 * Says by which rule a path is left out, or null when it is copied. A directory that is left out takes all below it along.
 * `path` is relative to the root (`''` is the root itself, never left out), `isDir` is of the entry itself, links not followed.
 * `workspaces` are those nested in a state root. Agrees with `toRsyncFilters` name for name. Fastest in walking order.
 */
export function excludeMatcher(
  rules: readonly ExcludeRule[],
  room: 'state' | 'workspace',
  workspaces: readonly string[],
): (path: Buffer, isDir: boolean) => ExcludeRule | null {
  const judge = judgeOf(rules, room, workspaces);
  // The verdicts on the directories above the last path: in walking order most of them hold for the next one as well.
  const above: { readonly segment: string; readonly verdict: Verdict }[] = [];
  return (path, isDir) => {
    const segments = byteSegments(path);
    const depth = segments.length - 1;
    let known = 0;
    while (known < depth && known < above.length && above[known]?.segment === segments[known]) known++;
    above.length = known;
    for (; known < depth; known++) {
      const verdict = judge(segments.slice(0, known + 1), true, above[known - 1]?.verdict ?? KEPT);
      above.push({ segment: segments[known] ?? '', verdict });
    }
    return depth < 0 ? null : judge(segments, isDir, above.at(-1)?.verdict ?? KEPT).excluded;
  };
}

/**
 * The same decisions as arguments of a pulling rsync. The first match wins there, so the order of the list is part of it.
 * All rules are perishable: a directory that is gone on the old machine goes from staging with whatever was left out of it.
 */
export function toRsyncFilters(
  rules: readonly ExcludeRule[],
  room: 'state' | 'workspace',
  workspaces: readonly string[],
): string[] {
  const nested = room === 'state' ? nestedOf(workspaces) : [];
  const patternsOf = (wanted: ExcludeRule['room']) => rules.filter((r) => r.room === wanted).map((r) => r.pattern);
  const parents = unique(nested.flatMap((names) => names.slice(1).map((_, at) => names.slice(0, at + 1).join('/'))));
  const verdictOf = verdicts(judgeOf(rules, room, workspaces));
  return [
    ...patternsOf('any').map(leaveOut),
    ...nested.flatMap((names) => patternsOf('workspace').flatMap((pattern) => inside(names.join('/'), pattern))),
    ...parents.map((parent) => take(`/${parent}`, '/')),
    ...nested.flatMap((names) => [take(`/${names.join('/')}`, ''), take(`/${names.join('/')}`, '/**')]),
    ...parents.filter((parent) => verdictOf(parent).shadow !== null).map((p) => leaveOut(literally(`/${p}`, '/*'))),
    ...patternsOf(room).map(leaveOut),
  ];
}

/** What holds for one path: is it left out, and must what lies in it be left out although it is itself needed as a way to a workspace? */
interface Verdict {
  readonly excluded: ExcludeRule | null;
  readonly shadow: ExcludeRule | null;
}

const KEPT: Verdict = { excluded: null, shadow: null };

type Judge = (path: readonly string[], isDir: boolean, above: Verdict) => Verdict;

function judgeOf(rules: readonly ExcludeRule[], room: 'state' | 'workspace', workspaces: readonly string[]): Judge {
  const everywhere = compile(rules, 'any');
  const own = compile(rules, room);
  const inWorkspaces = compile(rules, 'workspace');
  const nested =
    room === 'state' ? nestedOf(workspaces).map((names) => byteSegments(Buffer.from(names.join('/')))) : [];
  return (path, isDir, above) => {
    if (above.excluded) return above;
    const ruled = firstMatch(everywhere, path, isDir);
    if (ruled) return { excluded: ruled, shadow: null };
    const homes = nested.filter((names) => startsWith(path, names));
    if (homes.length > 0) {
      const rule = homes.map((names) => firstMatch(inWorkspaces, path.slice(names.length), isDir)).find(Boolean);
      return rule ? { excluded: rule, shadow: null } : KEPT;
    }
    const rule = above.shadow ?? firstMatch(own, path, isDir);
    const leads = isDir && nested.some((names) => startsWith(names, path));
    return leads ? { excluded: null, shadow: rule } : { excluded: rule, shadow: null };
  };
}

function verdicts(judge: Judge): (path: string) => Verdict {
  return (path) => {
    const segments = byteSegments(Buffer.from(path));
    return segments.reduce((above, _, at) => judge(segments.slice(0, at + 1), true, above), KEPT);
  };
}

type Compiled = readonly { readonly rule: ExcludeRule; readonly glob: Glob }[];

function compile(rules: readonly ExcludeRule[], room: ExcludeRule['room']): Compiled {
  return rules.filter((rule) => rule.room === room).map((rule) => ({ rule, glob: compileGlob(rule.pattern) }));
}

function firstMatch(compiled: Compiled, path: readonly string[], isDir: boolean): ExcludeRule | null {
  return compiled.find(({ glob }) => globMatches(glob, path, isDir))?.rule ?? null;
}

function startsWith(path: readonly string[], head: readonly string[]): boolean {
  return head.length <= path.length && head.every((segment, at) => segment === path[at]);
}

/** Segments of each nested workspace. One that is the state dir itself is none: its secrets must keep the rules of the state. */
function nestedOf(workspaces: readonly string[]): readonly (readonly string[])[] {
  return workspaces
    .map((path) => path.split('/').filter((segment) => segment !== '' && segment !== '.'))
    .filter((names) => names.length > 0);
}

function leaveOut(pattern: string): string {
  return `--filter=-p ${pattern}`;
}

function take(name: string, tail: string): string {
  return `--filter=+ ${literally(name, tail)}`;
}

/** A workspace's rule, moved to where the workspace lies: at its top, and when it is not anchored also anywhere below. */
function inside(workspace: string, pattern: string): string[] {
  const anchored = pattern.startsWith('/');
  const tails = anchored ? [pattern] : [`/${pattern}`, `/**/${pattern}`];
  return tails.map((tail) => leaveOut(literally(`/${workspace}`, tail)));
}

/** rsync reads backslashes only in patterns that hold a wildcard, so a name is escaped exactly when the whole pattern has one. */
function literally(name: string, tail: string): string {
  return /[*?[]/.test(name + tail) ? name.replace(/[*?[\\]/g, '\\$&') + tail : name + tail;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function rule(room: ExcludeRule['room'], pattern: string, reason: string): ExcludeRule {
  return { pattern, reason, room };
}

function invalid(text: string, what: string): ProblemError {
  return fail('option-invalid', {
    message: `The pattern ${shown(text, 60)} given to --exclude ${what}.`,
    hint: "Use names with * and ? in them: --exclude '/media/' leaves out that directory at the top of each root, --exclude '*.iso' such files everywhere.",
  });
}
