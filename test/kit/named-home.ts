import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inDatabase, rowsIn } from '../sqlite/databases.ts';
import { listTree } from './listing.ts';

/** A state dir as its machine names it, and where it lies on this disk. */
interface Where {
  readonly stateDir: string;
  readonly at?: string;
}

const DATABASE = 'state/smart-agent-neo.sqlite';

/** Has a state name its home in every other way there is: approvals, a database, a Git worktree, links. */
export function nameHome({ stateDir, at = stateDir }: Where): void {
  const tool = join(stateDir, 'workspace/bin/tidy');
  git(at, 'workspace', 'worktree', 'add', '-q', '../workspace-side');
  // Git has written where this disk has them; the machine's own Git would have written its names.
  for (const file of worktreeFiles(at).map((name) => join(at, name))) {
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(at, stateDir));
  }
  const approvals = join(at, 'exec-approvals.json');
  const text = readFileSync(approvals, 'utf8').replace(/("lastResolvedPath": )"[^"]*"/, `$1${JSON.stringify(tool)}`);
  writeFileSync(approvals, text);
  mkdirSync(join(at, 'state'), { recursive: true });
  inDatabase(
    join(at, DATABASE),
    `db.exec('CREATE TABLE agents (id TEXT, workspace TEXT)');
    db.prepare('INSERT INTO agents VALUES (?, ?)').run('main', ${JSON.stringify(join(stateDir, 'workspace'))}); db.close();`,
  );
  symlinkSync(tool, join(at, 'workspace/tidy'));
}

/** Every live key that names something below a home, with what it says: config, index, approvals, database, Git, links. */
export function namesOf(home: string, live: string): string[] {
  const indexes = readdirSync(join(live, 'agents')).map((agent) => `agents/${agent}/sessions/sessions.json`);
  const files = ['smart-agent-neo.json', 'channels.json5', 'exec-approvals.json', ...indexes, ...worktreeFiles(live)];
  const lines = files.flatMap((name) =>
    readFileSync(join(live, name), 'utf8')
      .split('\n')
      .map((line) => `${name}: ${line.trim()}`),
  );
  const rows = rowsIn(join(live, DATABASE), 'SELECT workspace FROM agents').map((row) => JSON.stringify(row));
  const links = [...listTree(live)].flatMap(([path, { type, link }]) => (type === 'l' ? [`${path} -> ${link}`] : []));
  return [...lines, ...rows, ...links].filter((line) => line.includes(`${home}/`));
}

/** What Git says of both working trees of the main workspace; throws where it does not know them for its own. */
export function gitStatus(live: string): string {
  return ['workspace', 'workspace-side'].map((tree) => git(live, tree, 'log', '--format=%s')).join('');
}

function worktreeFiles(live: string): string[] {
  const files = ['workspace-side/.git', 'workspace/.git/worktrees/workspace-side/gitdir'];
  return files.filter((file) => existsSync(join(live, file)));
}

function git(live: string, tree: string, ...argv: string[]): string {
  const owned = ['-c', 'safe.directory=*'];
  const { status, stdout, stderr } = spawnSync('git', [...owned, '-C', join(live, tree), ...argv], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
