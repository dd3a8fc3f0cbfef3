import { readFileSync } from 'node:fs';
import { readDescriptors, type Proc } from './probe-processes.ts';

/** A TCP socket that listens. */
export interface Listener {
  readonly inode: string;
  /** Whose it is: told even where the process cannot be seen. */
  readonly uid: number;
  /** Processes that hold it; empty where they cannot be seen. */
  readonly pids: readonly number[];
}

const LISTEN = '0A';

/** Everything that listens on a port, at any address, in the network that this process lives in. */
export function readListeners(port: number, processes: ReadonlyMap<number, Proc>): readonly Listener[] {
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => parseListeners(readTable(table), port));
  if (sockets.length === 0) return [];
  const holders = new Map<string, number[]>(sockets.map(({ inode }) => [inode, []]));
  for (const pid of processes.keys()) {
    for (const { target } of readDescriptors(pid)) {
      const pids = holders.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
      if (pids && !pids.includes(pid)) pids.push(pid);
    }
  }
  return sockets.map((socket) => ({ ...socket, pids: holders.get(socket.inode) ?? [] }));
}

/** The listening sockets of one port in the text of `/proc/net/tcp` or `tcp6`. */
export function parseListeners(
  table: string,
  port: number,
): readonly { readonly inode: string; readonly uid: number }[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [local, state, uid, inode] = [fields[1], fields[3], fields[7], fields[9]];
    if (local === undefined || state !== LISTEN || uid === undefined || inode === undefined) return [];
    return Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port ? { inode, uid: Number(uid) } : [];
  });
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
