import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Listener {
  readonly pid: number;
  readonly command: string;
  readonly address: string;
  readonly commandLine: string;
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listeningInodes(port: number): Set<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => text(path).split('\n').slice(1));
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(
    fields.filter((row) => row[1]?.endsWith(`:${hex}`) && row[3] === '0A').map((row) => `socket:[${row[9] ?? ''}]`),
  );
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

/** Who listens on a port of the loopback, as far as this account may see. */
export function listenersOn(port: number): Listener[] {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && holds(name, inodes));
  return pids.map((pid) => ({
    pid: Number(pid),
    command: text(`/proc/${pid}/comm`).trim(),
    address: `127.0.0.1:${String(port)}`,
    commandLine: text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
  }));
}
