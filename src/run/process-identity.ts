import { readFile } from 'node:fs/promises';
import { errorCode } from './system-error.ts';

/** Names one process for good: a pid alone is used again, and everything begins anew with a boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of `/proc/<pid>/stat`. */
  readonly startTime: string;
  readonly bootId: string;
}

/** Who we are. Read-only; needs Linux' `/proc`. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const stat = await readStat('self');
  if (!stat) throw new Error('/proc/self/stat cannot be read');
  return { pid: stat.pid, startTime: stat.startTime, bootId: await readBootId() };
}

/** Number of the user whose rights we have. Read-only; asks `/proc`, for the account may have no name. */
export async function ownUid(): Promise<number> {
  const [, uid] = /^Uid:\t\d+\t(\d+)\t/m.exec(await readFile('/proc/self/status', 'latin1')) ?? [];
  if (uid === undefined) throw new Error('/proc/self/status cannot be read');
  return Number(uid);
}

/** Does exactly this process still run? A zombie does not: it only waits to be counted. Read-only. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.bootId !== (await readBootId())) return false;
  const stat = await readStat(String(identity.pid));
  return stat !== null && stat.startTime === identity.startTime && stat.state !== 'Z' && stat.state !== 'X';
}

async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

async function readStat(pid: string): Promise<{ pid: number; state: string; startTime: string } | null> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return null;
    throw error;
  }
  // The name, in parentheses, may hold anything, parentheses and spaces too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid: Number.parseInt(text, 10), state: fields[0] ?? '', startTime: fields[19] ?? '' };
}
