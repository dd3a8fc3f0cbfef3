import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Subject } from './probe-contract.ts';
import { samePath, isProduct } from './probe-belongs.ts';
import type { Proc } from './probe-processes.ts';

/** A lock whose process lives. */
export interface LiveLock {
  readonly pid: number;
  readonly file: string;
  /** Is it the lock of the gateway in question, or of another one of this user? */
  readonly isOurs: boolean;
}

const MAX_LOCK_BYTES = 64 * 1024;

/**
 * Every live lock of this user's gateways. A lock counts only where its file is the user's own (the folder lies in /tmp, where anybody
 * may make one first), and where the process is the one meant: same start time, or without one, a process of the product.
 */
export function readLocks(subject: Subject, processes: ReadonlyMap<number, Proc>): readonly LiveLock[] {
  const folder = dirname(subject.lockFile);
  return namesIn(folder).flatMap((name) => {
    const file = join(folder, name);
    const lock = parseLock(readOwn(file, subject.uid) ?? '');
    const holder = lock && processes.get(lock.pid);
    if (!lock || holder?.uid !== subject.uid) return [];
    if (lock.startTime === null ? !isProduct(holder, subject) : lock.startTime !== holder.startTime) return [];
    const named = lock.configPath !== null && samePath(lock.configPath, subject.configPath);
    return { pid: lock.pid, file, isOurs: named || name === basename(subject.lockFile) };
  });
}

/** The parts of a lock that matter, or null when it is none: `{pid, startTime?, configPath?}`. */
export function parseLock(text: string): { pid: number; startTime: string | null; configPath: string | null } | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('pid' in value) || !Number.isSafeInteger(value.pid)) return null;
  const startTime = 'startTime' in value ? value.startTime : null;
  const configPath = 'configPath' in value ? value.configPath : null;
  return {
    pid: Number(value.pid),
    startTime: typeof startTime === 'number' || typeof startTime === 'string' ? String(startTime) : null,
    configPath: typeof configPath === 'string' ? configPath : null,
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^gateway\..+\.lock$/.test(name));
  } catch {
    return [];
  }
}

function readOwn(file: string, uid: number): string | null {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(fd);
      return found.isFile() && found.uid === uid && found.size <= MAX_LOCK_BYTES ? readFileSync(fd, 'utf8') : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
