import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The keys of all sessions in the indexes under a state dir, as they lie on this machine. Read-only; what does not parse is not counted. */
export async function sessionKeysOnDisk(stateDir: string): Promise<readonly string[]> {
  const agents = await readdir(join(stateDir, 'agents')).catch(() => []);
  const keys = await Promise.all(
    agents.map((agent) => keysIn(join(stateDir, 'agents', agent, 'sessions', 'sessions.json'))),
  );
  return keys.flat();
}

async function keysIn(file: string): Promise<string[]> {
  try {
    const index = JSON.parse(await readFile(file, 'utf8')) as unknown;
    return typeof index === 'object' && index !== null ? Object.keys(index) : [];
  } catch {
    return [];
  }
}
