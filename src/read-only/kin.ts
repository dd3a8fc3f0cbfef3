import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import process from 'node:process';

/** Was this process started by a dispatcher of this account, with the very words that this one was started with? */
export function isOurs(pid: number): boolean {
  try {
    const { uid, parent } = existsSync('/proc/self/stat') ? byProc(pid) : byPs(pid);
    return uid === process.getuid?.() && parent > 1 && wordsOf(parent) === wordsOf(process.pid);
  } catch {
    return false;
  }
}

function byProc(pid: number): { uid: number; parent: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of a process may hold anything, brackets too.
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return { uid: statSync(`/proc/${pid}`).uid, parent };
}

function byPs(pid: number): { uid: number; parent: number } {
  const [uid = Number.NaN, parent = 0] = ps('uid=,ppid=', pid).trim().split(/\s+/).map(Number);
  return { uid, parent };
}

function wordsOf(pid: number): string {
  return existsSync('/proc/self/cmdline') ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : ps('args=', pid);
}

function ps(columns: string, pid: number): string {
  return execFileSync('/bin/ps', ['-o', columns, '-p', String(pid)], { encoding: 'latin1' });
}
