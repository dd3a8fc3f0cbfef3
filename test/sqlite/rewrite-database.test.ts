import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { askDatabase } from '../../src/sqlite/ask.ts';
import type { DatabaseAnswer, DatabaseRequest } from '../../src/sqlite/contract.ts';
import { openEngine } from '../../src/host/sqlite-engine.ts';
import { rewriteDatabase } from '../../src/sqlite/rewrite-database.ts';
import { tempFolder } from '../run/temp-folder.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { inDatabase, rowsIn } from './databases.ts';

const COLUMNS: DatabaseRequest['columns'] = [
  { table: 'sessions', column: 'session_file', kind: 'path', members: [] },
  { table: 'sessions', column: 'entry', kind: 'json', members: ['sessionFile'] },
  { table: 'gone', column: 'x', kind: 'path', members: [] },
];
// A place of one row becomes what another row had: each is to move once.
const MAPPING = [
  { from: '/home/al/.s', to: '/home/al2/.s' },
  { from: '/home/al2', to: '/home/bo' },
  { from: '/home/al', to: '/home/al2' },
];
const LIMITS = { oldHome: '/home/al', newHome: '/home/al2', lookMs: 60_000 };

const MAKE = `
  db.exec('CREATE TABLE sessions (id TEXT PRIMARY KEY, session_file TEXT UNIQUE, entry TEXT, n INTEGER) WITHOUT ROWID');
  db.exec('CREATE TABLE "no ""tes" (body TEXT, kind TEXT)');
  const add = db.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?)');
  add.run('1', '/home/al/.s/1.jsonl', '{"sessionFile":"/home/al/.s/1.jsonl","said":"/home/al/.s/1.jsonl"}', 1);
  add.run('2', '/home/al2/.s/1.jsonl', '{"x":1.50}', 2);
  add.run('3', '/home/alice/it''s "3"', 'not json /home/al', 3);
  add.run('4', null, '{', 4);
  db.prepare('INSERT INTO "no ""tes" VALUES (?, ?)').run('/home/al/x', 'a');
  db.prepare('INSERT INTO "no ""tes" VALUES (?, ?)').run('{"p":"/home/al"}', 'b');
  db.prepare('INSERT INTO "no ""tes" VALUES (?, ?)').run('/home/alice and /home/al', '/home/alice');
`.replace("it''s", "it\\'s");

async function made(code = `${MAKE} db.close();`): Promise<string> {
  const file = join(await tempFolder(), 'copy.sqlite');
  inDatabase(file, code);
  return file;
}

/** By the Node of a gateway, as the move does it; or by the command alone, as where that Node has no SQLite. */
const ENGINES = {
  'node:sqlite': (file: string): Promise<DatabaseAnswer> =>
    askDatabase(
      new LocalHost({ label: 'here', env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }, cwd: '/' }),
      { file, columns: COLUMNS, mapping: MAPPING, ...LIMITS },
      { node: NODE_22, timeoutMs: 60_000, clock: systemClock, signal: new AbortController().signal },
    ),
  sqlite3: (file: string): Promise<DatabaseAnswer> => {
    const engine = openEngine(file, { mayUseNode: false });
    if (!engine) throw new Error('there is no sqlite3 here');
    const request = { file, columns: COLUMNS, mapping: MAPPING, ...LIMITS };
    return Promise.resolve(rewriteDatabase(engine, request, () => 0));
  },
} as const;

describe.each(Object.keys(ENGINES) as (keyof typeof ENGINES)[])('a database, by %s', (engine) => {
  const rewrite = ENGINES[engine];

  it('has the declared columns rewritten, each value once, and everything else as it was (F114)', async () => {
    const file = await made();
    const answer = await rewrite(file);
    expect(answer).toMatchObject({ engine, failure: null, isLookedThrough: true });
    expect(rowsIn(file, 'SELECT * FROM sessions ORDER BY id')).toEqual([
      {
        id: '1',
        session_file: '/home/al2/.s/1.jsonl',
        entry: '{"sessionFile":"/home/al2/.s/1.jsonl","said":"/home/al/.s/1.jsonl"}',
        n: 1,
      },
      { id: '2', session_file: '/home/bo/.s/1.jsonl', entry: '{"x":1.50}', n: 2 },
      { id: '3', session_file: '/home/alice/it\'s "3"', entry: 'not json /home/al', n: 3 },
      { id: '4', session_file: null, entry: '{', n: 4 },
    ]);
    expect(rowsIn(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(answer.rewrites).toContainEqual({
      table: 'sessions',
      column: 'session_file',
      from: '/home/al2/.s/1.jsonl',
      to: '/home/bo/.s/1.jsonl',
    });
  });

  it('has columns that are not declared counted, by whole segments, and never changed', async () => {
    const file = await made();
    const { left } = await rewrite(file);
    expect(left).toEqual([{ table: 'no "tes', column: 'body', count: 2 }]);
    expect(rowsIn(file, 'SELECT body FROM "no ""tes"')).toEqual([
      { body: '/home/al/x' },
      { body: '{"p":"/home/al"}' },
      { body: '/home/alice and /home/al' },
    ]);
  });

  it('is taken with its log, and needs no file beside it afterwards (F81)', async () => {
    // Ended without being closed: what was committed is in the log alone.
    const file = await made(
      `db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0'); ${MAKE}
      process.stdout.write('null'); process.kill(process.pid, 'SIGKILL');`.replace(
        "process.kill(process.pid, 'SIGKILL');",
        'process.reallyExit(0);',
      ),
    );
    expect(readFileSync(`${file}-wal`).length).toBeGreaterThan(0);
    const { rewrites } = await rewrite(file);
    expect(rewrites.length).toBe(3);
    expect(['-wal', '-shm', '-journal'].filter((suffix) => existsSync(file + suffix))).toEqual([]);
    expect(rowsIn(file, 'SELECT count(*) AS n FROM sessions')).toEqual([{ n: 4 }]);
  });

  it('is left alone and said to be, when it is damaged, no database, or written in another encoding', async () => {
    const damaged =
      await made(`${MAKE} for (let at = 5; at < 500; at++) add.run(String(at), '/home/al/' + at, '{}', at);
      db.exec('CREATE INDEX by_n ON sessions (n)'); db.close();`);
    const bytes = readFileSync(damaged);
    writeFileSync(damaged, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(4096, 0x55), bytes.subarray(8192)]));
    expect((await rewrite(damaged)).failure).not.toBeNull();
    const none = join(await tempFolder(), 'copy.sqlite');
    writeFileSync(none, 'These are words about /home/al, and no database at all.\n'.repeat(100));
    expect((await rewrite(none)).failure).toContain('not a database');
    const wide = await made(`db.exec("PRAGMA encoding = 'UTF-16le'"); ${MAKE} db.close();`);
    const before = readFileSync(wide);
    expect((await rewrite(wide)).failure).toContain('UTF-16le');
    expect(readFileSync(wide)).toEqual(before);
  });

  it('keeps all of its rows when one cannot be rewritten', async () => {
    const file = await made(`${MAKE} add.run('5', '/home/al2/twin', '{}', 5);
      db.exec("CREATE TRIGGER never BEFORE UPDATE ON sessions WHEN old.id = '5' BEGIN SELECT raise(ABORT, 'not this one'); END");
      db.close();`);
    const before = rowsIn(file, 'SELECT * FROM sessions ORDER BY id');
    const { failure, rewrites } = await rewrite(file);
    expect(failure).toContain('not this one');
    expect(rewrites).toEqual([]);
    expect(rowsIn(file, 'SELECT * FROM sessions ORDER BY id')).toEqual(before);
  });
});

describe('the database program', () => {
  it('says so where nothing on the machine can read a database', async () => {
    const host = new LocalHost({ label: 'here', env: { PATH: '/nonexistent' }, cwd: '/' });
    const request = { file: '/nonexistent', columns: [], mapping: [], ...LIMITS };
    const { signal } = new AbortController();
    const asking = { timeoutMs: 60_000, clock: systemClock, signal };
    const bare = await askDatabase(host, request, { ...asking, node: process.execPath });
    expect(bare).toMatchObject({ engine: null, failure: expect.stringContaining('neither') as string });
    const missing = await askDatabase(host, request, { ...asking, node: '/nonexistent/node' });
    expect(missing.failure).toContain('/nonexistent/node');
  });
});

describe('any values at all', () => {
  it('are rewritten as mapping them one by one would, and no others', async () => {
    const file = await made(`${MAKE} db.close();`);
    const value = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
      fc.constantFrom('/home/al', '/home/al/.s', '/home/al2/x', '/home/alice', "/home/al/'; DROP TABLE sessions; --"),
    );
    const values = fc.sample(
      fc.tuple(value, fc.constantFrom('', '/a', '/ü"')).map((parts) => parts.join('')),
      300,
    );
    const unique = [...new Set(values.map((text) => Buffer.from(text).toString()))].filter(
      (text) => !text.includes('\ufffd'),
    );
    const list = JSON.stringify(unique);
    inDatabase(
      file,
      `db.exec('DELETE FROM sessions'); ${list}.forEach((v, at) =>
      db.prepare('INSERT INTO sessions VALUES (?, ?, NULL, ?)').run('s' + at, v, at)); db.close();`.replace(
        'db.prepare',
        'db.prepare',
      ),
    );
    const { failure } = await ENGINES['node:sqlite'](file);
    const is = rowsIn(file, 'SELECT session_file AS f FROM sessions ORDER BY n') as { f: string }[];
    const expected = unique.map((text) => {
      const pair = MAPPING.find(({ from }) => text === from || text.startsWith(`${from}/`));
      return pair && !/[\n\r]/.test(text) ? pair.to + text.slice(pair.from.length) : text;
    });
    // Two values that would become one are refused by the table, and then nothing is rewritten.
    const isRefused = new Set(expected).size < expected.length;
    expect(failure === null).toBe(!isRefused);
    expect(is.map(({ f }) => f)).toEqual(isRefused ? unique : expected);
  });
});
