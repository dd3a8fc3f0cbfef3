import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The keys of all sessions, as they lie on this machine: in the indexes that the config names, else in those under the state dir, which
 * nobody reads then. Read-only; what does not parse is not counted.
 */
export async function sessionKeysOnDisk(stateDir: string, stores: readonly string[]): Promise<readonly string[]> {
  if (stores.length > 0) return (await Promise.all(stores.map(keysIn))).flat();
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
