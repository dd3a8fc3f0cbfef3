import { dirname, join } from 'node:path';
import { idOf } from './pen.ts';
import type { Pen } from './pen.ts';
import type { Places } from './places.ts';

/** One agent: keys, session index, transcripts, an archived one. Returns the ids of its sessions, the main one first. */
export function writeAgent(pen: Pen, places: Places, who: { id: 'main' | 'ops'; sessions: number }): string[] {
  const [agentDir, store] = [places.agentDir(who.id), places.store(who.id)];
  const { canaries } = pen;
  pen.file(join(agentDir, 'auth-profiles.json'), {
    example: { type: 'api_key', key: canaries.of(`auth-${who.id}`) },
  });
  pen.file(join(agentDir, 'models.json'), { example: { apiKey: canaries.of(`models-${who.id}`) } });
  const ids = Array.from({ length: who.sessions }, (_, at) => idOf(`${places.stateDir} ${who.id} ${String(at)}`));
  const index = ids.map((sessionId, at) => {
    const sessionFile = join(dirname(store), `${sessionId}.jsonl`);
    transcript(pen, { path: sessionFile, id: sessionId, cwd: places[who.id], lines: 3 + (at % 40) });
    const key = at === 0 ? `agent:${who.id}:main` : `agent:${who.id}:telegram:direct:${String(4_900_000 + at)}`;
    return [key, { sessionId, updatedAt: 1_795_331_000_000 + at, sessionFile, chatType: 'direct' }] as const;
  });
  pen.file(store, Object.fromEntries(index));
  pen.file(
    join(dirname(store), `${idOf(`gone ${who.id}`)}.jsonl.deleted.2026-11-01T10-00-00.000Z`),
    '{"type":"session"}\n',
    0o644,
  );
  return ids;
}

function transcript(pen: Pen, of: { path: string; id: string; cwd: string; lines: number }): void {
  const header = { type: 'session', version: 3, id: of.id, cwd: of.cwd };
  const messages = Array.from({ length: of.lines }, (_, at) => ({
    type: 'message',
    id: at,
    text: `line ${String(at)} about ${of.cwd}`,
  }));
  pen.file(of.path, `${[header, ...messages].map((line) => JSON.stringify(line)).join('\n')}\n`, 0o644);
}
