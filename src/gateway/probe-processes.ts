import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as /proc shows it. */
export interface Proc {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  /** At most 15 bytes; follows `process.title`. */
  readonly comm: string;
  /** Clock ticks after the boot, as text: exact, and only ever compared. */
  readonly startTime: string;
  /** What is left of it: a process title overwrites the argv from its first byte on, and then stands here alone. */
  readonly argv: readonly string[];
}

/** Is there a /proc as Linux has it? */
export function hasProc(): boolean {
  return readText('/proc/self/stat') !== null;
}

/** The id of this boot; empty where it cannot be told. */
export function readBootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** Every process that this account can see. Processes that end meanwhile, and dead ones not yet reaped, are left out. */
export function readProcesses(): ReadonlyMap<number, Proc> {
  const processes = new Map<number, Proc>();
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : null;
    if (found) processes.set(found.pid, found);
  }
  return processes;
}

/** PF_KTHREAD of `linux/sched.h`: threads of the kernel are half of all that there is on a small machine. */
const KERNEL_THREAD = 0x20_0000;

/** One process, or null when it is gone, dead, or a thread of the kernel. */
export function readProcess(pid: number): Proc | null {
  const stat = parseStat(readText(`/proc/${pid}/stat`) ?? '');
  if (!stat || stat.isKernel) return null;
  const uid = /^Uid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  if (stat.state === 'Z' || stat.state === 'X' || uid === undefined) return null;
  const { ppid, comm, startTime } = stat;
  return { pid, ppid, uid: Number(uid), comm, startTime, argv: splitNul(readText(`/proc/${pid}/cmdline`) ?? '') };
}

interface Stat extends Pick<Proc, 'comm' | 'ppid' | 'startTime'> {
  readonly state: string;
  readonly isKernel: boolean;
}

/** The fields of `/proc/<pid>/stat` that matter. The name may hold blanks and parentheses, so it ends at the last `)`. */
export function parseStat(text: string): Stat | null {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const [state, ppid, flags, startTime] = [fields[0], fields[1], fields[6], fields[19]];
  if (close === -1 || !state || !ppid || !startTime) return null;
  const isKernel = (Number(flags) & KERNEL_THREAD) !== 0;
  return { comm: text.slice(text.indexOf('(') + 1, close), state, ppid: Number(ppid), startTime, isKernel };
}

/** The file mode mask of a process, or null where it is not told. */
export function readUmask(pid: number): number | null {
  const found = /^Umask:\s+([0-7]+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  return found === undefined ? null : Number.parseInt(found, 8);
}

/** The environment that a process was started with, or null where it may not be read. A process title leaves it intact. */
export function readEnviron(pid: number): ReadonlyMap<string, string> | null {
  const text = readText(`/proc/${pid}/environ`);
  return text === null ? null : parseEnviron(text);
}

/** Variables of an environ; of one that occurs twice the first counts, as it does for getenv. */
export function parseEnviron(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const pair of splitNul(text)) {
    const equals = pair.indexOf('=');
    if (equals > 0 && !variables.has(pair.slice(0, equals)))
      variables.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return variables;
}

/** An open descriptor: its number, and what it points at. */
export interface Descriptor {
  readonly fd: string;
  readonly target: string;
}

/** The open descriptors of a process; empty where they may not be seen. */
export function readDescriptors(pid: number): readonly Descriptor[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = readLink(`/proc/${pid}/fd/${fd}`);
      return target === null ? [] : { fd, target };
    });
  } catch {
    return [];
  }
}

/** Was the descriptor opened for writing? True where it cannot be told. */
export function isOpenForWriting(pid: number, fd: string): boolean {
  const flags = /^flags:\s+([0-7]+)/m.exec(readText(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.[1];
  return flags === undefined || (Number.parseInt(flags, 8) & 3) !== 0;
}

/** The working directory of a process, or null. */
export function readCwd(pid: number): string | null {
  return readLink(`/proc/${pid}/cwd`);
}

function splitNul(text: string): string[] {
  return text.split('\0').filter((part) => part !== '');
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function readLink(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}
