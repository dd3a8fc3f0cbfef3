import { rmSync, statSync } from 'node:fs';
import { mapPath } from '../core/mapping.ts';
import { rewriteJson } from '../core/rewrite.ts';
import type { DatabaseAnswer, DatabaseRequest } from './contract.ts';
import type { Engine } from '../host/sqlite-engine.ts';
import { ifText, name, placeConditions, text } from './sql.ts';

type Column = DatabaseRequest['columns'][number];
type Found = {
  readonly column: Column;
  readonly values: readonly { from: string; to: string; paths: [string, string][] }[];
};

/**
 * Rewrites the declared columns of a copy and tells of the others. All or nothing in one transaction, with an integrity check after it: before it,
 * `databases-sound` has checked the same bytes. The log is written back into the file. Never throws: what goes wrong is the answer's `failure`.
 */
export function rewriteDatabase(engine: Engine, request: DatabaseRequest, nowMs: () => number): DatabaseAnswer {
  const nothing = { engine: engine.name, failure: null, rewrites: [], left: [], isLookedThrough: false };
  try {
    insistOnUtf8(engine);
    const columns = request.columns.filter((one) => hasColumn(engine, one));
    const found = columns.map((column) => findIn(engine, column, request)).filter(({ values }) => values.length > 0);
    const looked = lookThrough(engine, { request, columns }, nowMs);
    if (found.length > 0) write(engine, request.file, found);
    const rewrites = found.flatMap(({ column: { table, column }, values }) =>
      values.flatMap(({ paths }) => paths.map(([from, to]) => ({ table, column, from, to }))),
    );
    return { ...nothing, ...looked, rewrites };
  } catch (error) {
    return { ...nothing, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    engine.close();
  }
}

function insistOnUtf8(engine: Engine): void {
  const encoding = engine.rows('PRAGMA encoding')[0];
  if (encoding !== 'UTF-8') throw new Error(`it is written in ${encoding ?? 'no known encoding'}`);
}

function check(engine: Engine): void {
  const said = engine.rows('PRAGMA integrity_check(3)');
  if (said.join() !== 'ok')
    throw new Error(`it is damaged, as its integrity check said after its paths were rewritten: ${said.join('; ')}`);
}

function hasColumn(engine: Engine, { table, column }: Column): boolean {
  return engine.rows(`SELECT count(*) FROM pragma_table_info(${text(table)}) WHERE name = ${text(column)}`)[0] === '1';
}

function findIn(engine: Engine, column: Column, request: DatabaseRequest): Found {
  const { oldHome, newHome, mapping } = request;
  const map = (value: string): string | null => mapPath(value, mapping, { oldHome, newHome });
  const [table, field] = [name(column.table), name(column.column)];
  const rows = engine.rows(`SELECT DISTINCT hex(${field}) FROM ${table} WHERE ${ifText(field)}`);
  const values = rows.flatMap((hex) => {
    const from = Buffer.from(hex, 'hex').toString();
    if (column.kind === 'path') {
      const to = map(from);
      return to === null ? [] : [{ from, to, paths: [[from, to]] as [string, string][] }];
    }
    const rewritten = rewriteJson(from, map, column.members);
    if (!rewritten || rewritten.rewrites.length === 0) return [];
    return [{ from, to: rewritten.text, paths: rewritten.rewrites.map((one): [string, string] => [one.from, one.to]) }];
  });
  return { column, values };
}

/**
 * From a table of old and new, by one statement for a column: a new value may be an old one of another row, and then all of them go by
 * names that nobody has, for a column may allow each value only once at any moment.
 */
function write(engine: Engine, file: string, found: readonly Found[]): void {
  const updates = found.flatMap(({ column, values }) => {
    const [table, field] = [name(column.table), name(column.column)];
    const olds = new Set(values.map(({ from }) => from));
    const between = values.some(({ to }) => olds.has(to)) ? `'np-between:' || ` : '';
    const pairs = values.map(({ from, to }) => `INSERT INTO temp.np_map VALUES (${text(from)}, ${text(to)})`);
    const change = (was: string, is: string): string =>
      `UPDATE ${table} SET ${field} = (SELECT ${is} FROM temp.np_map WHERE ${was} = ${field} COLLATE BINARY) ` +
      `WHERE ${ifText(field)} AND ${field} COLLATE BINARY IN (SELECT ${was} FROM temp.np_map)`;
    const changes =
      between === '' ? [change('was', 'is_now')] : [change('was', `${between}was`), change(`${between}was`, 'is_now')];
    return ['DELETE FROM temp.np_map', ...pairs, ...changes];
  });
  const table = 'CREATE TEMP TABLE np_map (was TEXT PRIMARY KEY COLLATE BINARY, is_now TEXT)';
  engine.exec(`${[table, 'BEGIN IMMEDIATE', ...updates, 'COMMIT', 'DROP TABLE temp.np_map'].join(';\n')};`);
  engine.exec('PRAGMA wal_checkpoint(TRUNCATE);');
  check(engine);
  engine.close();
  for (const suffix of ['-wal', '-shm', '-journal']) {
    if ((statSync(file + suffix, { throwIfNoEntry: false })?.size ?? 0) > 0 && suffix !== '-shm')
      throw new Error(`its ${suffix} file could not be written back into it`);
    rmSync(file + suffix, { force: true });
  }
}

/** Which columns that are not declared have values that begin with an old place, or JSON texts with such strings. */
function lookThrough(
  engine: Engine,
  { request, columns }: { request: DatabaseRequest; columns: readonly Column[] },
  nowMs: () => number,
): Pick<DatabaseAnswer, 'left' | 'isLookedThrough'> {
  const declared = new Set(columns.map(({ table, column }) => `${table}\0${column}`));
  const until = nowMs() + request.lookMs;
  const left: DatabaseAnswer['left'] = [];
  for (const hex of engine.rows("SELECT hex(name) FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")) {
    const table = Buffer.from(hex, 'hex').toString();
    const fields = engine.rows(`SELECT hex(name) FROM pragma_table_info(${text(table)})`);
    for (const field of fields.map((one) => Buffer.from(one, 'hex').toString())) {
      if (table.startsWith('sqlite_') || declared.has(`${table}\0${field}`)) continue;
      if (nowMs() > until) return { left, isLookedThrough: false };
      const where = `${ifText(name(field))} AND (${placeConditions(name(field), request.mapping)})`;
      const count = Number(engine.rows(`SELECT count(*) FROM ${name(table)} WHERE ${where}`)[0]);
      if (count > 0) left.push({ table, column: field, count });
    }
  }
  return { left, isLookedThrough: true };
}
