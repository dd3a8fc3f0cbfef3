/** A column of a database of the product whose values are paths, or JSON texts with paths in them. */
export interface PathColumn {
  /** Which files, by their path in the state dir, or in a directory of an agent that lies elsewhere. */
  readonly database: RegExp;
  readonly table: string;
  readonly column: string;
  readonly kind: 'path' | 'json';
  /** Of a JSON text: names of the members that are paths. Others may be history. */
  readonly members: readonly string[];
}

const STATE = /^state\/[^/]+\.sqlite$/;
/** By its name alone: a config puts the directory of an agent anywhere. */
const AGENT = /(?:^|\/)[^/]+-agent\.sqlite$/;
const QMD = /^(?:agents\/[^/]+\/)?qmd\/(?:.+\/)?[^/]+\.sqlite$/;

/**
 * Every column that reconcile rewrites. What of it a database does not have is passed over; a column that is not here is never
 * changed, and told when its values are old paths.
 */
export const PATH_COLUMNS: readonly PathColumn[] = [
  paths(STATE, 'agents', 'workspace'),
  paths(STATE, 'agents', 'agent_dir'),
  paths(STATE, 'exec_approvals', 'last_resolved_path'),
  paths(STATE, 'agent_databases', 'path'),
  // Jobs belong to the path of the file that they once were in: those of another path are nobody's.
  paths(STATE, 'cron_jobs', 'store_key'),
  paths(STATE, 'cron_run_logs', 'store_key'),
  paths(STATE, 'exec_approvals_config', 'socket_path'),
  json(STATE, 'exec_approvals_config', 'raw_json', ['path', 'lastResolvedPath']),
  paths(STATE, 'sessions', 'session_file'),
  json(STATE, 'sessions', 'entry', ['sessionFile']),
  paths(AGENT, 'sessions', 'session_file'),
  json(AGENT, 'sessions', 'entry', ['sessionFile']),
  json(AGENT, 'session_entries', 'entry_json', ['sessionFile']),
  json(AGENT, 'session_nodes', 'entry_json', ['sessionFile']),
  paths(QMD, 'collections', 'pwd'),
  paths(QMD, 'store_collections', 'path'),
];

/** The columns of one database; empty for all that are not the product's. `file` is relative to the root that it moves with. Pure. */
export function pathColumnsOf(file: string): readonly PathColumn[] {
  return PATH_COLUMNS.filter(({ database }) => database.test(file));
}

function paths(database: RegExp, table: string, column: string): PathColumn {
  return { database, table, column, kind: 'path', members: [] };
}

function json(database: RegExp, table: string, column: string, members: readonly string[]): PathColumn {
  return { database, table, column, kind: 'json', members };
}
