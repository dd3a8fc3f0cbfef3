import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PRODUCT } from './names.ts';
import { configPath } from './paths.ts';

/** The lock that a running gateway holds; it is named after the config, wherever that lies. */
function lockPath(): string {
  const key = createHash('sha256').update(configPath()).digest('hex').slice(0, 8);
  return `/tmp/${PRODUCT}-${String(process.getuid?.() ?? 0)}/gateway.${key}.lock`;
}

interface Lock {
  readonly pid: number;
  readonly createdAt: string;
  readonly configPath: string;
  readonly startTime: number;
}

/** Field 22 of `/proc/<pid>/stat`; null when there is no such process. */
export function startTime(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null;
  }
}

/** The pid of the live gateway that holds this config's lock, or null. */
export function lockHolder(): number | null {
  try {
    const lock = JSON.parse(readFileSync(lockPath(), 'utf8')) as Lock;
    return startTime(lock.pid) === lock.startTime ? lock.pid : null;
  } catch {
    return null;
  }
}

/** Takes the lock; false when a live gateway holds it. A lock of a dead one is taken over. */
export function takeLock(): boolean {
  if (lockHolder() !== null) return false;
  mkdirSync(dirname(lockPath()), { recursive: true, mode: 0o700 });
  rmSync(lockPath(), { force: true });
  const lock: Lock = {
    pid: process.pid,
    createdAt: new Date().toISOString(),
    configPath: configPath(),
    startTime: startTime(process.pid) ?? 0,
  };
  try {
    writeFileSync(lockPath(), JSON.stringify(lock, null, 2), { flag: 'wx', mode: 0o600 });
  } catch {
    return false;
  }
  return true;
}

export function releaseLock(): void {
  if (lockHolder() === process.pid) rmSync(lockPath(), { force: true });
}
