import { readFileSync } from 'node:fs';
import type { Descriptor } from './probe-processes.ts';

/** A TCP socket that listens. */
export interface Listening {
  readonly port: number;
  readonly inode: string;
  /** Whose it is: told even where the process cannot be seen. */
  readonly uid: number;
}

export interface Listener extends Listening {
  /** Processes that hold it; empty where they cannot be seen. */
  readonly pids: readonly number[];
}

const LISTEN = '0A';

/** Everything that listens, at any address, in the network that this process lives in. Costs milliseconds: the kernel walks all its sockets. */
export function readListening(): readonly Listening[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => parseListening(readTable(table)));
}

/** Those of `listening` that have this port, with who holds them among the processes of `descriptors`. */
export function listenersOn(
  port: number,
  listening: readonly Listening[],
  descriptors: ReadonlyMap<number, readonly Descriptor[]>,
): readonly Listener[] {
  const sockets = listening.filter((socket) => socket.port === port);
  if (sockets.length === 0) return [];
  const holders = new Map<string, number[]>(sockets.map(({ inode }) => [inode, []]));
  for (const [pid, open] of descriptors) {
    for (const { target } of open) {
      const pids = holders.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
      if (pids && !pids.includes(pid)) pids.push(pid);
    }
  }
  return sockets.map((socket) => ({ ...socket, pids: holders.get(socket.inode) ?? [] }));
}

/** The listening sockets in the text of `/proc/net/tcp` or `tcp6`. */
export function parseListening(table: string): readonly Listening[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [local, state, uid, inode] = [fields[1], fields[3], fields[7], fields[9]];
    if (local === undefined || state !== LISTEN || uid === undefined || inode === undefined) return [];
    return { port: Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16), inode, uid: Number(uid) };
  });
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
