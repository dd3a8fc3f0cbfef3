import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Agent } from './paths.ts';
import { tablesOf, type Tables } from './tables.ts';

export interface SessionEntry {
  sessionId: string;
  updatedAt: number;
  sessionFile?: string;
  [other: string]: unknown;
}

/** Where the transcript of a session lies: the absolute path in the index is trusted, whosever home it is in. */
export function transcriptPath(agent: Agent, entry: SessionEntry): string {
  return entry.sessionFile ?? join(dirname(agent.sessionsPath), `${entry.sessionId}.jsonl`);
}

/** The session index of an agent, by key; empty when there is none. */
export function readSessions(agent: Agent): Record<string, SessionEntry> {
  const tables = tablesOf(agent);
  if (tables) return tables.sessions();
  if (!existsSync(agent.sessionsPath)) return {};
  return JSON.parse(readFileSync(agent.sessionsPath, 'utf8')) as Record<string, SessionEntry>;
}

/** Replaces the session index in one step, as the product does. */
export function writeSessions(agent: Agent, sessions: Record<string, SessionEntry>): void {
  mkdirSync(dirname(agent.sessionsPath), { recursive: true });
  const part = `${agent.sessionsPath}.${String(process.pid)}.tmp`;
  writeFileSync(part, `${JSON.stringify(sessions, null, 2)}\n`, { mode: 0o600 });
  renameSync(part, agent.sessionsPath);
}

/** The number of lines of a transcript; null when it is not where the index says. */
export function transcriptLines(agent: Agent, entry: SessionEntry): number | null {
  const tables = tablesOf(agent);
  if (tables) return tables.lines(entry.sessionId);
  const path = transcriptPath(agent, entry);
  if (!existsSync(path)) return null;
  return readFileSync(path, 'utf8').split('\n').length - 1;
}

function ensureWorkspace(agent: Agent): void {
  if (existsSync(agent.workspace)) return;
  mkdirSync(agent.workspace, { recursive: true });
  for (const name of ['AGENTS.md', 'SOUL.md', 'BOOTSTRAP.md']) {
    writeFileSync(join(agent.workspace, name), `# ${name.replace('.md', '')}\n\nA blank page: who am I?\n`);
  }
}

/**
 * Puts one message into the main session of an agent and returns the transcript's path. What is missing on the way is made
 * new and blank, at the path that config and index name: this is how a move without rewriting loses an agent's memory.
 */
export function appendMessage(agent: Agent, message: Record<string, unknown>): string {
  ensureWorkspace(agent);
  const sessions = readSessions(agent);
  const key = `agent:${agent.id}:main`;
  const known = sessions[key];
  const entry = known ?? { sessionId: crypto.randomUUID(), updatedAt: 0 };
  const tables = tablesOf(agent);
  if (tables) return appendRow(tables, { key, entry }, message);
  const path = transcriptPath(agent, entry);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    const header = { type: 'session', version: 3, id: entry.sessionId, cwd: agent.workspace };
    appendFileSync(path, `${JSON.stringify(header)}\n`);
  }
  appendFileSync(path, `${JSON.stringify({ type: 'message', ...message })}\n`);
  const isStale = Date.now() - entry.updatedAt > 1000;
  if (!known || isStale) {
    sessions[key] = { ...entry, sessionFile: path, updatedAt: Date.now() };
    writeSessions(agent, sessions);
  }
  return path;
}

function appendRow(tables: Tables, { key, entry }: { key: string; entry: SessionEntry }, message: object): string {
  tables.append(entry.sessionId, { type: 'message', ...message });
  tables.put(key, { ...entry, updatedAt: Date.now() });
  return entry.sessionFile ?? '';
}
