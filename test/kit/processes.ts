import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process that a stand-in told of itself; pid and start time name it for good. */
export interface Told {
  readonly pid: number;
  readonly startTime: number;
  readonly role: 'gateway' | 'parent' | 'tool';
  readonly stateDir: string;
}

/** Field 22 of `/proc/<pid>/stat`. Throws when there is no such process. */
export function startTimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

/** The letter of its state in `/proc/<pid>/stat`: `T` holds still; null when there is no such process. */
export function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  } catch {
    return null;
  }
}

/** Every process in whose environment this is the home. */
export function processesAtHome(home: string): { pid: number; startTime: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(`HOME=${home}`)) return [];
      return [{ pid: Number(name), startTime: startTimeOf(Number(name)) }].filter(isAlive);
    } catch {
      return []; // No process, or over meanwhile.
    }
  });
}

/** Is this very process alive? A zombie is not. */
export function isAlive({ pid, startTime }: { pid: number; startTime: number }): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]) === startTime && fields[0] !== 'Z' && fields[0] !== 'X';
  } catch {
    return false;
  }
}

/** Every live process of the installation that keeps its list in `pidsFile`. */
export function liveProcesses(pidsFile: string): Told[] {
  if (!existsSync(pidsFile)) return [];
  const lines = readFileSync(pidsFile, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Told).filter(isAlive);
}

/** Every live process whose program, or a word of whose command line, lies below `folder`: one that has not told of itself yet too. */
export function processesFrom(folder: string): { pid: number; startTime: number }[] {
  const isBelow = (word: string): boolean => word.startsWith(`${folder}/`);
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const one = { pid, startTime: startTimeOf(pid) };
      return (words.some(isBelow) || isBelow(readlinkSync(`/proc/${name}/exe`))) && isAlive(one) ? [one] : [];
    } catch {
      return []; // Over meanwhile, or of the kernel.
    }
  });
}

/** Ends one process at once, if it still is the one that was meant. */
export function killOne(which: { pid: number; startTime: number }): void {
  if (!isAlive(which)) return;
  try {
    process.kill(which.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Command lines in which every user of the machine can read this text, as it stands or in base64; by process id. */
export function argvsTelling(text: string): ReadonlyMap<number, string> {
  const found = readdirSync('/proc').flatMap((name): [number, string][] => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1');
      const decoded = words.split('\0').map((word) => Buffer.from(word, 'base64').toString('latin1'));
      return [words, ...decoded].some((one) => one.includes(text)) ? [[Number(name), words]] : [];
    } catch {
      return []; // No process, or over meanwhile.
    }
  });
  return new Map(found);
}

/** Process ids of the watchers that neo-pull has in a home. */
export function watchersOf(home: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1');
      // The account's shell that starts it has the same text in its words.
      if (!/^[^\0]*\/node\0/.test(words) || !words.includes('neo-pull-watcher')) return [];
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(`HOME=${home}\0`) ? [Number(name)] : [];
    } catch {
      return []; // No process, or over meanwhile.
    }
  });
}
