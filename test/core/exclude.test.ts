import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EXCLUDE_TABLE,
  EXCLUDE_VERSION,
  excludeMatcher,
  parseExclude,
  toRsyncFilters,
} from '../../src/core/exclude.ts';
import type { ExcludeRule } from '../../src/core/plan.ts';
import { ProblemError } from '../../src/core/problem.ts';

type Room = 'state' | 'workspace';

/** A tree by its paths, one character per byte; those that end in `/` are directories. Parents are implied. */
type Tree = readonly string[];

let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'np-exclude-'));
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe('the exclude table', () => {
  const ruleFor = (path: string, isDir = false, workspaces: string[] = ['workspace']) =>
    excludeMatcher(EXCLUDE_TABLE, 'state', workspaces)(Buffer.from(path), isDir);

  it('leaves out locks, sockets, pid files, logs and caches of the old machine, each with a reason (F89)', () => {
    const leftOut = [
      'agents/main/sessions/1a2b.jsonl.lock',
      'agents/main/sessions/sessions.json.lock',
      'agents/main/agent/auth-profiles.json.lock',
      'auth-profiles.json.lock',
      'credentials/telegram-pairing.json.lock',
      'gateway.1a2b3c4d.lock',
      'gateway.pid',
      'exec-approvals.sock',
      'logs/raw-stream.jsonl',
      'gateway.log',
      'tmp/smart-agent-neo-1000/gateway.lock.sqlite',
      'cache/x',
      'update-check.json',
      'restart-sentinel.json',
      'disable-launchagent',
      'state/smart-agent-neo.sqlite-shm',
      'matrix/crypto.db-shm',
      'memory/main.sqlite.tmp-7f',
      'sandbox/containers.json',
      'sandbox/browsers.json',
      'browser/work/user-data/SingletonLock',
      'browser/work/user-data/DevToolsActivePort',
      'browser/work/user-data/GrShaderCache/data_0',
      'browser/work/user-data/Default/Cache/Cache_Data/f_000001',
      'browser/work/user-data/Default/Code Cache/js/index',
      'browser/work/user-data/Default/DawnWebGPUCache/data_1',
      'media/.np-partial/half',
      '.neo-pull/x',
    ];
    const rules = leftOut.map((path) => ruleFor(path));
    expect(leftOut.filter((_, at) => rules[at] === null)).toEqual([]);
    expect(new Set(rules.map((rule) => rule?.reason)).size).toBeGreaterThan(15);
  });

  it('keeps what holds data, be it archived, hidden, queued or committed to a write-ahead log only', () => {
    const kept = [
      'smart-agent-neo.json',
      'smart-agent-neo.json.bak.2',
      '.env',
      'secrets.json',
      'agents/main/sessions/sessions.json',
      'agents/main/sessions/1a2b.jsonl',
      'agents/main/sessions/1a2b.jsonl.deleted.2026-01-01',
      'agents/main/sessions/1a2b.jsonl.reset.2026-01-01',
      'agents/main/sessions/1a2b.jsonl.bak',
      'agents/main/qmd/xdg-cache/qmd/index.sqlite',
      'state/smart-agent-neo.sqlite-wal',
      'memory/main.sqlite-journal',
      'memory/main.sqlite',
      'media/inbound/a.log',
      'delivery-queue/1.json',
      'devices/paired.json',
      'identity/device.json',
      'cron/runs/job.jsonl',
      'extensions/x/yarn.lock',
      'extensions/x/node_modules/y/logs/z.log',
      'sandbox/other.json',
      'sandboxes/agent-main/notes.md',
      'telegram/update-offset-default.json',
      'browser/work/user-data/Default/Cookies',
      'browser/work/user-data/Default/Service Worker/CacheStorage/x',
    ];
    expect(kept.filter((path) => ruleFor(path) !== null)).toEqual([]);
  });

  it('copies a workspace whole, wherever in the state dir it lies', () => {
    const workspaces = ['workspace', 'tmp/scratch/ws'];
    expect(ruleFor('workspace/logs/x.log', false, workspaces)).toBeNull();
    expect(ruleFor('workspace/db.sqlite-shm', false, workspaces)).toBeNull();
    expect(ruleFor('tmp/scratch', true, workspaces)).toBeNull();
    expect(ruleFor('tmp/scratch/ws/cache/x', false, workspaces)).toBeNull();
    expect(ruleFor('tmp/scratch/other', false, workspaces)?.pattern).toBe('/tmp/');
    expect(ruleFor('tmp/other', false, workspaces)?.pattern).toBe('/tmp/');
    expect(ruleFor('workspace-2/db.sqlite-shm', false, workspaces)?.pattern).toBe('*.sqlite-shm');
    expect(excludeMatcher(EXCLUDE_TABLE, 'workspace', [])(Buffer.from('logs/x.log'), false)).toBeNull();
    expect(excludeMatcher(EXCLUDE_TABLE, 'workspace', [])(Buffer.from('a/.np-partial'), true)).not.toBeNull();
  });

  it('does not take the state dir itself for a workspace', () => {
    expect(ruleFor('logs', true, ['', '.'])?.pattern).toBe('/logs/');
    expect(toRsyncFilters(EXCLUDE_TABLE, 'state', [''])).toEqual(toRsyncFilters(EXCLUDE_TABLE, 'state', []));
  });

  it('has a version, no pattern twice, and a reason for each', () => {
    expect(EXCLUDE_VERSION).toBeGreaterThanOrEqual(1);
    expect(new Set(EXCLUDE_TABLE.map((rule) => rule.pattern)).size).toBe(EXCLUDE_TABLE.length);
    expect(EXCLUDE_TABLE.filter((rule) => rule.reason.length < 10)).toEqual([]);
    for (const { pattern } of EXCLUDE_TABLE) expect(parseExclude(pattern).pattern).toBe(pattern);
  });
});

describe('parseExclude', () => {
  it('makes a rule for every root', () => {
    expect(parseExclude('/media/')).toEqual({ pattern: '/media/', reason: 'left out by --exclude', room: 'any' });
    expect(parseExclude('no de?/*.iso').room).toBe('any');
    expect(parseExclude('- not a rsync rule').pattern).toBe('- not a rsync rule');
  });

  it.each([
    { what: 'nothing', patterns: ['', '/', '//'] },
    { what: 'brackets and backslashes', patterns: ['a[b', 'a]b', 'a\\b'] },
    { what: 'empty and dotted segments', patterns: ['..', '../x', 'a/../b', './a', 'a/.', 'a//b', '//a'] },
    { what: 'control characters', patterns: ['a\nb', 'a\0b', 'a\rb', 'a\tb', '\u001b[31m'] },
    { what: 'wildcards beyond one segment', patterns: ['**', 'a/**', '**/a'] },
    { what: 'everything', patterns: ['*', '/*', '*/', '/*/'] },
    { what: 'more than a path can be', patterns: ['x'.repeat(1025)] },
  ])('refuses $what', ({ patterns }) => {
    for (const pattern of patterns) {
      const thrown = thrownBy(() => parseExclude(pattern));
      expect(thrown.problem.code).toBe('option-invalid');
      expect(thrown.problem.message).not.toMatch(/\p{Cc}/u);
    }
  });
});

describe('excludeMatcher and toRsyncFilters', () => {
  it('agree with the real rsync on every tree, rule and workspace', () => {
    let runs = 0;
    fc.assert(
      fc.property(worlds, ({ tree, someRules, room, workspaces }) => {
        const folder = join(scratch, String(runs++));
        plant(join(folder, 'old'), tree);
        rsync(join(folder, 'old'), join(folder, 'new'), toRsyncFilters(someRules, room, workspaces));
        expect(pathsIn(join(folder, 'new'))).toEqual(keptOf(join(folder, 'old'), someRules, room, workspaces));
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 250 },
    );
  }, 120_000);

  it('agree with the real rsync on the whole table', () => {
    const tree = [
      'logs/a',
      'x.log',
      'a/x.log',
      'tmp/ws/logs/a',
      'tmp/o',
      'workspace/tmp/y.sqlite-shm',
      'db.sqlite-wal',
    ];
    const more = [
      'agents/m/sessions/a.jsonl.lock',
      'agents/m/sessions/a.jsonl',
      'browser/p/user-data/D/Code Cache/js',
      '.env',
    ];
    const folder = join(scratch, 'table');
    plant(join(folder, 'old'), [...tree, ...more]);
    const workspaces = ['workspace', 'tmp/ws'];
    rsync(join(folder, 'old'), join(folder, 'new'), toRsyncFilters(EXCLUDE_TABLE, 'state', workspaces));
    expect(pathsIn(join(folder, 'new'))).toEqual(keptOf(join(folder, 'old'), EXCLUDE_TABLE, 'state', workspaces));
    expect(pathsIn(join(folder, 'new'))).toContain('tmp/ws/logs/a');
    expect(pathsIn(join(folder, 'new'))).not.toContain('tmp/o');
  });

  it('let a later pass remove a directory from staging together with what was left out of it', () => {
    const folder = join(scratch, 'perishable');
    plant(join(folder, 'old'), ['kept']);
    plant(join(folder, 'new'), ['gone/.np-partial/half', 'gone/x.sqlite-shm']);
    rsync(join(folder, 'old'), join(folder, 'new'), [...toRsyncFilters(EXCLUDE_TABLE, 'state', []), '--delete-delay']);
    expect(pathsIn(join(folder, 'new'))).toEqual(['kept']);
  });

  it('gives the same answer whatever was asked before', () => {
    fc.assert(
      fc.property(worlds, ({ tree, someRules, room, workspaces }) => {
        const matcher = excludeMatcher(someRules, room, workspaces);
        for (const path of tree) {
          const asked = Buffer.from(path, 'latin1');
          expect(matcher(asked, false)).toBe(excludeMatcher(someRules, room, workspaces)(asked, false));
        }
      }),
    );
  });
});

interface World {
  readonly tree: Tree;
  readonly someRules: readonly ExcludeRule[];
  readonly room: Room;
  readonly workspaces: readonly string[];
}

/** Names with everything in them that a pattern, an escape or a byte could trip over; latin1. */
const hostile = {
  names: [
    ...[
      'a',
      'b',
      'ab',
      'aab',
      '.a',
      'a b',
      ' a',
      'x.log',
      'tmp',
      '*',
      'a*',
      '?',
      '[a]',
      'a\\b',
      '\\*',
      '-a',
      '#a',
      '!a',
      '+ a',
    ],
    ...['é', 'ä?', 'a\nb'].map((name) => Buffer.from(name).toString('latin1')),
    ...['\xff', '\xe9a'],
  ],
  wild: [
    'a',
    'ab',
    '*',
    '?',
    '??',
    'a*',
    '*b',
    'a*b',
    '*a*',
    '.*',
    '*.log',
    'tmp',
    ' a',
    'a ',
    '-a',
    '#a',
    '!a',
    '+ a',
    'é',
    '??a',
  ],
  workspaces: ['a', 'ab', 'a b', 'tmp', '*', 'a*', '?', '[a]', 'a\\b', '\\*', 'é', 'a\nb'],
};
/** Few names, so that trees, rules and workspaces meet. */
const narrow = { names: ['a', 'b', 'c'], wild: ['a', 'b', 'c', '*'], workspaces: ['a', 'b'] };

const worlds: fc.Arbitrary<World> = fc.oneof(worldOf(hostile), { arbitrary: worldOf(narrow), weight: 2 });

function worldOf(pool: typeof hostile): fc.Arbitrary<World> {
  const segments = (from: readonly string[], maxLength: number) =>
    fc.array(fc.constantFrom(...from), { minLength: 1, maxLength });
  const pattern = fc
    .tuple(fc.boolean(), segments(pool.wild, 3), fc.boolean())
    .map(([anchored, parts, isDir]) => `${anchored ? '/' : ''}${parts.join('/')}${isDir ? '/' : ''}`);
  const rule = fc.record({
    pattern,
    reason: fc.constant('a reason'),
    room: fc.constantFrom('any' as const, 'state' as const, 'workspace' as const),
  });
  const path = fc
    .tuple(segments(pool.names, 5), fc.boolean())
    .map(([parts, isDir]) => parts.join('/') + (isDir ? '/' : ''));
  return fc.record({
    tree: fc.array(path, { maxLength: 24 }),
    someRules: fc.array(rule, { maxLength: 4 }),
    room: fc.constantFrom<Room>('state', 'state', 'workspace'),
    workspaces: fc.array(
      segments(pool.workspaces, 3).map((parts) => parts.join('/')),
      { maxLength: 2 },
    ),
  });
}

/** Makes the tree; a path that is in the way of another, earlier one is left out. */
function plant(root: string, tree: Tree): void {
  mkdirSync(root, { recursive: true });
  for (const path of tree) {
    const parent = path.replace(/\/?[^/]+\/?$/, '');
    try {
      mkdirSync(bytes(root, parent), { recursive: true });
      if (path.endsWith('/')) mkdirSync(bytes(root, path), { recursive: true });
      else writeFileSync(bytes(root, path), 'x');
    } catch (error) {
      if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

function rsync(from: string, to: string, options: string[]): void {
  mkdirSync(to, { recursive: true });
  execFileSync('rsync', ['-r', '--links', '--no-inc-recursive', ...options, '--', './', `${to}/`], { cwd: from });
}

function keptOf(root: string, someRules: readonly ExcludeRule[], room: Room, workspaces: readonly string[]): string[] {
  const matcher = excludeMatcher(someRules, room, workspaces);
  return pathsIn(root).filter((path) => {
    const isDir = lstatSync(bytes(root, path)).isDirectory();
    return matcher(Buffer.from(path, 'latin1'), isDir) === null;
  });
}

function pathsIn(root: string, under = ''): string[] {
  const entries = readdirSync(bytes(root, under), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
  return entries
    .flatMap((name) => {
      const path = under === '' ? name : `${under}/${name}`;
      return lstatSync(bytes(root, path)).isDirectory() ? [path, ...pathsIn(root, path)] : [path];
    })
    .sort();
}

function bytes(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

function thrownBy(act: () => unknown): ProblemError {
  try {
    act();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
