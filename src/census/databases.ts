import { closeSync, copyFileSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openEngine, type Engine } from '../host/sqlite-engine.ts';
import { foldersIn, listed } from './files.ts';
import type { CensusRequest } from './request.ts';
import { COUNTED_TABLES, type CountedTable, type Item } from './tables.ts';

/** A database whose content is not known, and why; null where this machine has nothing that reads one. */
export type UnreadLine = readonly ['unread', file: string, why: string | null];

interface Database {
  readonly kind: CountedTable['database'];
  readonly path: string;
  /** The same on every machine. */
  readonly name: string;
  readonly owner: string;
}

/** Names what a gateway has in its databases, or the databases that cannot be read. Nothing is written, but below `scratch`. */
export function* inDatabases(request: CensusRequest): Generator<Item | UnreadLine> {
  for (const database of databasesOf(request)) yield* linesOf(database, request.scratch ?? null);
}

function* databasesOf({ state, apart }: CensusRequest): Generator<Database> {
  for (const name of databasesIn(join(state, 'state'), /\.sqlite$/))
    yield { kind: 'state', path: join(state, 'state', name), name: `state/${name}`, owner: 'state' };
  const own = foldersIn(join(state, 'agents')).map((id) => {
    return { id, name: `agents/${id}/agent`, path: join(state, 'agents', id, 'agent') };
  });
  for (const { id, path, name: folder } of [...own, ...apart.map((one) => ({ ...one, name: one.id }))]) {
    for (const name of databasesIn(path, /-agent\.sqlite$/))
      yield { kind: 'agent', path: join(path, name), name: `${folder}/${name}`, owner: id };
  }
}

function databasesIn(folder: string, name: RegExp): string[] {
  return listed(folder).flatMap((entry) => (entry.isFile() && name.test(entry.name) ? [entry.name] : []));
}

function linesOf(database: Database, scratch: string | null): readonly (Item | UnreadLine)[] {
  const work = scratch === null ? null : join(scratch, 'census-work');
  let engine: Engine | null = null;
  try {
    engine = opened(database.path, work);
    if (!engine) return [['unread', database.name, null]];
    const reading = engine;
    return COUNTED_TABLES.filter(({ database: kind }) => kind === database.kind).flatMap((table) =>
      rowsOf(reading, table).flatMap((row) => table.items(row, database.owner)),
    );
  } catch (error) {
    return [['unread', database.name, error instanceof Error ? error.message : String(error)]];
  } finally {
    engine?.close();
    if (work !== null) rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Where a database lies, without a write to it or to what lies beside it: not even the index of its log is made or mended. What cannot be
 * read so is read from a copy, where one may be made.
 */
function opened(path: string, work: string | null): Engine | null {
  const uri = uriOf(path);
  if (uri !== null) return openEngine(uri, { isReadOnly: true });
  if (work === null) throw new Error('its log has no index, without which it cannot be read where it lies');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true, mode: 0o700 });
  for (const suffix of ['', '-wal', '-journal'])
    if (sizeOf(path + suffix) > 0) copyFileSync(path + suffix, join(work, `copy.sqlite${suffix}`));
  return openEngine(join(work, 'copy.sqlite'));
}

function uriOf(path: string): string | null {
  const { href } = pathToFileURL(path);
  if (sizeOf(`${path}-journal`) > 0) return null;
  if (!hasLog(path)) return `${href}?mode=ro`;
  // With an empty log all is in the file itself, and nobody has it open.
  if (sizeOf(`${path}-wal`) === 0) return `${href}?mode=ro&immutable=1`;
  return sizeOf(`${path}-shm`) > 0 ? `${href}?mode=ro&readonly_shm=1` : null;
}

/** The header says by which kind of log it is written. */
function hasLog(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(1);
    return readSync(file, bytes, 0, 1, 18) === 1 && bytes[0] === 2;
  } finally {
    closeSync(file);
  }
}

function rowsOf(engine: Engine, { table, columns, where }: CountedTable): string[][] {
  const names = columns.map((column) => `'${column}'`).join(', ');
  // What only looks like a table, a view for one, may compute for ever.
  const isTable = `EXISTS (SELECT 1 FROM sqlite_master WHERE name = '${table}' AND sql LIKE 'CREATE TABLE%')`;
  const has = `SELECT count(*) FROM pragma_table_info('${table}') WHERE name IN (${names}) AND ${isTable}`;
  if (engine.rows(has)[0] !== String(columns.length)) return [];
  const fields = columns.map((column) => `"${column}"`);
  const texts = fields.map((field) => `CAST(${field} AS TEXT)`).join(', ');
  const distinct = `SELECT DISTINCT ${fields.join(', ')} FROM "${table}" WHERE ${where}`;
  return engine
    .rows(`SELECT hex(json_array(${texts})) FROM (${distinct})`)
    .map((hex) => (JSON.parse(Buffer.from(hex, 'hex').toString()) as (string | null)[]).map((one) => one ?? ''));
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
