import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Plan } from '../core/plan.ts';
import { storesHere } from './live.ts';

const entry = z.object({ sessionFile: z.string() });

/**
 * Transcripts that a move has left behind, absolute: they lie beside their index, which names them somewhere else. What an index misses
 * and what no index names on the old machine too is none of them. Read-only; an index that does not parse names nothing.
 */
export async function strandedTranscripts(plan: Plan): Promise<readonly string[]> {
  const { stateDir } = plan.new.gateway;
  const agents = await readdir(join(stateDir, 'agents')).catch(() => []);
  const usual = agents.map((agent) => join(stateDir, 'agents', agent, 'sessions', 'sessions.json'));
  const indexes = [...new Set([...storesHere(plan), ...usual])];
  return (await Promise.all(indexes.map(strandedBeside))).flat();
}

async function strandedBeside(index: string): Promise<string[]> {
  const folder = dirname(index);
  const stranded: string[] = [];
  for (const named of await namedIn(index)) {
    const beside = join(folder, basename(named));
    if (resolve(folder, named) !== beside && !(await isThere(resolve(folder, named))) && (await isThere(beside)))
      stranded.push(beside);
  }
  return stranded;
}

async function namedIn(index: string): Promise<string[]> {
  try {
    const entries = Object.values(JSON.parse(await readFile(index, 'utf8')) as object) as unknown[];
    return entries.flatMap((one) => entry.safeParse(one).data?.sessionFile ?? []);
  } catch {
    return [];
  }
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
