import { existsSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDatabase, type Database } from './memory.ts';
import { compareVersions, PRODUCT, VERSION } from './names.ts';
import { stateDir, type Agent } from './paths.ts';
import type { SessionEntry } from './sessions.ts';

const AGENT_TABLES = `
  CREATE TABLE IF NOT EXISTS session_nodes (session_key TEXT NOT NULL PRIMARY KEY, entry_json TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS transcript_events (session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)) STRICT;
  CREATE TABLE IF NOT EXISTS auth_profile_store (store_key TEXT NOT NULL PRIMARY KEY, store_json TEXT NOT NULL) STRICT;`;
const STATE_TABLES = `
  CREATE TABLE IF NOT EXISTS cron_jobs (store_key TEXT NOT NULL, job_id TEXT NOT NULL, name TEXT NOT NULL, job_json TEXT NOT NULL,
    PRIMARY KEY (store_key, job_id)) STRICT;`;

/** What releases from September 2026 on have of an agent in its database. */
export interface Tables {
  sessions(): Record<string, SessionEntry>;
  lines(sessionId: string): number;
  append(sessionId: string, line: object): void;
  put(key: string, entry: SessionEntry): void;
}

function databaseOf(agent: Agent): string {
  return join(agent.agentDir, `${PRODUCT}-agent.sqlite`);
}

/** Null for an agent whose state is in files, as it is until doctor brings it in. */
export function tablesOf(agent: Agent): Tables | null {
  return existsSync(databaseOf(agent)) ? tablesIn(openDatabase(databaseOf(agent))) : null;
}

function tablesIn(database: Database): Tables {
  const lines = (sessionId: string): number =>
    Number(database.prepare('SELECT count(*) AS n FROM transcript_events WHERE session_id = ?').get(sessionId)?.['n']);
  return {
    lines,
    sessions() {
      const rows = database.prepare('SELECT session_key, entry_json FROM session_nodes').all();
      return Object.fromEntries(
        rows.map((row) => [String(row['session_key']), JSON.parse(String(row['entry_json'])) as SessionEntry]),
      );
    },
    append(sessionId, line) {
      const insert = database.prepare('INSERT INTO transcript_events VALUES (?, ?, ?)');
      insert.run(sessionId, lines(sessionId), JSON.stringify(line));
    },
    put(key, entry) {
      database.prepare('INSERT OR REPLACE INTO session_nodes VALUES (?, ?)').run(key, JSON.stringify(entry));
    },
  };
}

/** The content of a file that is brought in, and then has another name; null where there is none. */
function taken(path: string): string | null {
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  renameSync(path, `${path}.imported`);
  return text;
}

/** What doctor does in every mode: sessions, transcripts, logins and jobs come out of their files. Returns of how many agents. */
export function bringIn(all: readonly Agent[]): number {
  if (compareVersions(VERSION, '2026.9.0') < 0) return 0;
  const fresh = all.filter((agent) => existsSync(agent.sessionsPath));
  fresh.forEach(bringInAgent);
  const store = join(stateDir(), 'cron/jobs.json');
  const jobs = taken(store);
  if (jobs === null) return fresh.length;
  const database = openDatabase(join(stateDir(), 'state', `${PRODUCT}.sqlite`));
  database.exec(STATE_TABLES);
  for (const job of (JSON.parse(jobs) as { jobs: { id: string; name: string }[] }).jobs)
    database.prepare('INSERT INTO cron_jobs VALUES (?, ?, ?, ?)').run(store, job.id, job.name, JSON.stringify(job));
  return fresh.length;
}

function bringInAgent(agent: Agent): void {
  const database = openDatabase(databaseOf(agent));
  database.exec(AGENT_TABLES);
  const tables = tablesIn(database);
  const index = JSON.parse(taken(agent.sessionsPath) ?? '{}') as Record<string, SessionEntry>;
  database.exec('BEGIN');
  for (const [key, entry] of Object.entries(index)) {
    tables.put(key, entry);
    const path = entry.sessionFile ?? join(dirname(agent.sessionsPath), `${entry.sessionId}.jsonl`);
    for (const line of (taken(path) ?? '').split('\n').filter((text) => text !== ''))
      tables.append(entry.sessionId, JSON.parse(line) as object);
  }
  const logins = taken(join(agent.agentDir, 'auth-profiles.json'));
  if (logins !== null) database.prepare('INSERT INTO auth_profile_store VALUES (?, ?)').run('primary', logins);
  database.exec('COMMIT');
}
