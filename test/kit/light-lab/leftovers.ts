import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, startTimeOf } from '../processes.ts';

const OWNER = 'owner.json';

interface Owner {
  readonly pid: number;
  readonly startTime: number;
  readonly namespaces: readonly string[];
  /** Left standing on purpose: only `abandoned(_, { kept: true })` names it. */
  readonly kept?: boolean;
}

/** A lab that nobody stands for any more. */
interface Abandoned {
  readonly folder: string;
  readonly namespaces: readonly string[];
}

/** Notes in a lab's folder whose it is, so that a killed owner's lab can be taken away by the next one. */
export function own(folder: string, namespaces: readonly string[]): void {
  const owner: Owner = { pid: process.pid, startTime: startTimeOf(process.pid), namespaces };
  writeFileSync(join(folder, OWNER), JSON.stringify(owner));
}

/** From now on the lab outlives its owner. */
export function keepStanding(folder: string): void {
  writeFileSync(join(folder, OWNER), JSON.stringify({ ...ownerOf(folder), kept: true }));
}

/** The labs, in folders whose names begin with `prefix`, whose owners are dead; those that were left standing only when told so. */
export function abandoned(prefix: string, { kept = false }: { kept?: boolean } = {}): Abandoned[] {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix));
  return folders
    .map((name) => join(tmpdir(), name))
    .filter((folder) => existsSync(join(folder, OWNER)))
    .map((folder) => ({ folder, owner: ownerOf(folder) }))
    .filter(({ owner }) => !isAlive(owner) && (owner.kept !== true || kept))
    .map(({ folder, owner }) => ({ folder, namespaces: owner.namespaces }));
}

/** Ends every process in a network namespace of a lab at once. */
export function endAllIn(namespace: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  for (const pid of stdout.split('\n').filter(Boolean).map(Number)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // With the first process of a machine all others end.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function ownerOf(folder: string): Owner {
  return JSON.parse(readFileSync(join(folder, OWNER), 'utf8')) as Owner;
}
