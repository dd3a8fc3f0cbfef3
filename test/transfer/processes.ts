import { readdir, readFile, readlink } from 'node:fs/promises';

/** A running process, as /proc shows it. */
export interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  readonly cwd: string;
}

/** Every running process for which `wanted` holds. */
export async function processes(wanted: (seen: Seen) => boolean): Promise<Seen[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => look(Number(pid)).catch(() => null)));
  return all.filter((seen) => seen !== null && wanted(seen)) as Seen[];
}

async function look(pid: number): Promise<Seen> {
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).split('\0').slice(0, -1);
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return { pid, parent, argv, cwd: await readlink(`/proc/${pid}/cwd`) };
}
