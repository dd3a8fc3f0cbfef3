import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDir } from './paths.ts';

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): Record<string, unknown> | undefined;
  all(...values: unknown[]): Record<string, unknown>[];
}

/** The part of `node:sqlite` used here; its types come only with those of Node 22. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
}

function databaseSync(): new (path: string) => Database {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined; // node:sqlite announces itself as experimental on stderr
  const sqlite = process.getBuiltinModule('node:sqlite') as unknown as { DatabaseSync: new (path: string) => Database };
  process.emitWarning = emitWarning;
  return sqlite.DatabaseSync;
}

export interface Memory {
  /** Commits one more row and returns its number, which is also how many rows there are. */
  addRow(): number;
  rows(): number;
}

/** Opens a database, made when missing. It is never closed: like newer releases, a clean end leaves `-wal` and `-shm`. */
export function openDatabase(path: string): Database {
  mkdirSync(dirname(path), { recursive: true });
  const database = new (databaseSync())(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;');
  return database;
}

/** Opens the memory index. */
export function openMemory(): Memory {
  const database = openDatabase(join(stateDir(), 'memory/main.sqlite'));
  database.exec('CREATE TABLE IF NOT EXISTS beats (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, note TEXT NOT NULL)');
  const count = database.prepare('SELECT coalesce(max(n), 0) AS n FROM beats');
  const insert = database.prepare('INSERT INTO beats (n, at, note) VALUES (?, ?, ?)');
  const rows = () => Number(count.get()?.['n']);
  return {
    rows,
    addRow() {
      const next = rows() + 1;
      insert.run(next, Date.now(), `beat ${String(next)}`);
      return next;
    },
  };
}
