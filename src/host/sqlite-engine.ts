import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** A database that is open, or is opened for each question. */
export interface Engine {
  readonly name: 'node:sqlite' | 'sqlite3';
  /** The first column of each row, as text. Throws what SQLite says. */
  rows(sql: string): string[];
  /** Runs statements one after the other, on one connection. Throws what SQLite says. */
  exec(sql: string): void;
  /** Repeatable. */
  close(): void;
}

const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;
/** So long a gateway that writes is waited for. */
const BUSY_MS = 5000;
/** The schema comes from the old machine: what it calls must do nothing outside of the database. */
const CAREFUL = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;';

export interface EngineOptions {
  /** Default true: the SQLite of this Node before the `sqlite3` command. */
  readonly mayUseNode?: boolean;
  /** Default false. Where it is, `file` is a `file:` URI that says how it is read. */
  readonly isReadOnly?: boolean;
}

/** Opens a database by what there is: the SQLite of this Node, else the `sqlite3` command; null when there is neither. */
export function openEngine(file: string, { mayUseNode = true, isReadOnly = false }: EngineOptions = {}): Engine | null {
  return (mayUseNode ? ofNode(file, isReadOnly) : null) ?? ofCommand(file, isReadOnly);
}

interface Statement {
  all(): Record<string, unknown>[];
}

interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

type Sqlite = { DatabaseSync: new (path: string, options: object) => Database };

function ofNode(file: string, isReadOnly: boolean): Engine | null {
  const sqlite = builtin();
  if (!sqlite || (isReadOnly && !takesUris(sqlite))) return null;
  const database = new sqlite.DatabaseSync(file, { enableForeignKeyConstraints: false, readOnly: isReadOnly });
  database.exec(`${CAREFUL} PRAGMA busy_timeout = ${BUSY_MS};`);
  let isOpen = true;
  return {
    name: 'node:sqlite',
    rows: (sql) =>
      database
        .prepare(sql)
        .all()
        .map((row) => String(Object.values(row)[0])),
    exec: (sql) => database.exec(sql),
    close: () => {
      if (isOpen) database.close();
      isOpen = false;
    },
  };
}

/** It announces itself as experimental on stderr, which nobody here wants to read. */
function builtin(): Sqlite | null {
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  const found = getBuiltinModule?.call(process, 'node:sqlite') ?? null;
  process.emitWarning = emitWarning;
  return found as Sqlite | null;
}

/** Early ones take a URI for the name of a file. Read-only, so that none is made. */
function takesUris({ DatabaseSync }: Sqlite): boolean {
  try {
    new DatabaseSync('file:asked?mode=memory', { readOnly: true }).close();
    return true;
  } catch {
    return false;
  }
}

function ofCommand(file: string, isReadOnly: boolean): Engine | null {
  if (spawnSync('sqlite3', ['-version']).status !== 0) return null;
  // Without -safe its shell has functions that write files.
  const patient = ['-cmd', `.timeout ${BUSY_MS}`];
  const argv = [
    '-batch',
    '-bail',
    '-safe',
    '-noheader',
    '-list',
    ...patient,
    ...(isReadOnly ? ['-readonly'] : []),
    file,
  ];
  const ask = (sql: string): string => {
    const { status, stdout, stderr } = spawnSync('sqlite3', argv, {
      input: `${CAREFUL}\n${sql}\n`,
      encoding: 'utf8',
      maxBuffer: MOST_OUTPUT_BYTES,
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
    });
    if (status !== 0) throw new Error(stderr.trim() || `sqlite3 ended with ${status ?? 'a signal'}`);
    return stdout;
  };
  return {
    name: 'sqlite3',
    rows: (sql) => ask(`${sql};`).split('\n').slice(0, -1),
    exec: (sql) => void ask(sql),
    close: () => undefined,
  };
}
