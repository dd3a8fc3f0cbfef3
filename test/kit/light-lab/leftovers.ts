import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, startTimeOf } from '../processes.ts';
import { endProcesses } from '../side.ts';
import { unmountMemory } from './disk.ts';
import type { Wire } from './network.ts';

const OWNER = 'owner.json';

/** Every lab's folder begins with this. */
export const FOLDER_PREFIX = 'np-light-';

interface Owner {
  readonly pid: number;
  readonly startTime: number;
  readonly namespace: string;
  /** Left standing on purpose: only `sweep({ kept: true })` takes it away. */
  readonly kept?: boolean;
}

/** Notes in a lab's folder whose it is, so that a killed owner's lab can be taken away by the next one. */
export function own(folder: string, wire: Wire): void {
  const owner: Owner = { pid: process.pid, startTime: startTimeOf(process.pid), namespace: wire.namespace };
  writeFileSync(join(folder, OWNER), JSON.stringify(owner));
}

function pidsOf(namespace: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** From now on the lab outlives its owner. */
export function keepStanding(folder: string): void {
  const owner = JSON.parse(readFileSync(join(folder, OWNER), 'utf8')) as Owner;
  writeFileSync(join(folder, OWNER), JSON.stringify({ ...owner, kept: true }));
}

/** Takes away the labs whose owners are dead; those that were left standing only when told so. */
export async function sweep({ kept = false }: { kept?: boolean } = {}): Promise<void> {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(FOLDER_PREFIX));
  for (const folder of folders.map((name) => join(tmpdir(), name))) {
    if (!existsSync(join(folder, OWNER))) continue;
    const owner = JSON.parse(readFileSync(join(folder, OWNER), 'utf8')) as Owner;
    if (isAlive(owner) || (owner.kept === true && !kept)) continue;
    for (const pid of pidsOf(owner.namespace)) process.kill(pid, 'SIGKILL');
    // The new machine of a lab is a home on this one.
    await endProcesses({ home: join(folder, 'new/home/nick'), pidsFile: join(folder, 'new/pids') });
    spawnSync('ip', ['netns', 'delete', owner.namespace], { stdio: 'ignore' });
    unmountMemory(join(folder, 'disk'));
    rmSync(folder, { recursive: true, force: true });
  }
}
