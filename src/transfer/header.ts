import type { Socket } from 'node:net';

/** First line of each of the two connections that the rsh program makes to the bridge. After it, `data` is raw bytes both ways. */
export type Header =
  | { readonly role: 'data'; readonly token: string }
  | { readonly role: 'control'; readonly token: string; readonly argv: readonly string[] };

/** The one line that the bridge sends on `control`: with which code the rsh program is to end. */
export interface Farewell {
  readonly code: number;
}

const MAX_HEADER_BYTES = 64 * 1024;

/** Reads the first line of a connection and leaves the rest unread; null when what comes is no header. Never rejects. */
export async function takeHeader(socket: Socket): Promise<Header | null> {
  const line = await takeLine(socket);
  return line === null ? null : parseHeader(line);
}

/** Reads a header as text; null for anything else. Pure. */
export function parseHeader(line: string): Header | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { role, token, argv } = value as Record<string, unknown>;
  if (typeof token !== 'string') return null;
  if (role === 'data') return { role, token };
  if (role !== 'control' || !Array.isArray(argv)) return null;
  return argv.every((arg): arg is string => typeof arg === 'string') ? { role, token, argv } : null;
}

function takeLine(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    const seen: Buffer[] = [];
    let size = 0;
    const settle = (line: string | null) => {
      socket.off('readable', read).off('end', giveUp).off('close', giveUp).off('error', giveUp);
      resolve(line);
    };
    const giveUp = () => settle(null);
    const read = () => {
      for (let chunk = take(socket); chunk; chunk = take(socket)) {
        const at = chunk.indexOf(0x0a);
        seen.push(at === -1 ? chunk : chunk.subarray(0, at));
        size += chunk.length;
        if (at !== -1) {
          if (at + 1 < chunk.length) socket.unshift(chunk.subarray(at + 1));
          settle(Buffer.concat(seen).toString());
          return;
        }
        if (size > MAX_HEADER_BYTES) {
          giveUp();
          return;
        }
      }
    };
    socket.on('readable', read).on('end', giveUp).on('close', giveUp).on('error', giveUp);
  });
}

function take(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}
