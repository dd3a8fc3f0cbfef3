import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { isAbsolute, join } from 'node:path';

/** A unix socket's address holds 108 bytes; some systems give fewer. */
const MAX_SOCKET_PATH_BYTES = 100;

/** What a folder is made for: its name begins with `prefix`, and its maker soon listens on `socket` in it, for as long as it lives. */
export interface SocketFolderUse {
  readonly prefix: string;
  readonly socket: string;
  /** The longest name of a socket in it; `socket` without it. */
  readonly longest?: string;
}

/** A private folder (0700), and the number of the user who owns it. */
export interface SocketFolder {
  readonly path: string;
  readonly uid: number;
}

/**
 * Makes a private folder in the first of `parents` that will do, and takes away those that killed runs left there. A directory will
 * do when its name fits into a socket's address and into a quoted word, and nobody else may rename what is in it. Null when none will.
 */
export async function makeSocketFolder(
  parents: readonly (string | null)[],
  use: SocketFolderUse,
): Promise<SocketFolder | null> {
  for (const parent of parents) {
    if (parent === null || !fits(parent, use)) continue;
    const path = await mkdtemp(join(parent, use.prefix)).catch(() => null);
    if (path === null) continue;
    const { uid, mtimeMs } = await lstat(path);
    if (await isTrusted(parent, uid)) {
      await removeAbandoned(parent, use, { uid, nowMs: mtimeMs });
      return { path, uid };
    }
    await rm(path, { recursive: true, force: true });
  }
  return null;
}

function fits(parent: string, { prefix, socket, longest = socket }: SocketFolderUse): boolean {
  const socketPath = join(parent, `${prefix}${'0'.repeat(6)}`, longest);
  return isAbsolute(parent) && !/['"\0]/.test(parent) && Buffer.byteLength(socketPath) < MAX_SOCKET_PATH_BYTES;
}

async function isTrusted(parent: string, uid: number): Promise<boolean> {
  const seen = await lstat(parent);
  const sticky = (seen.mode & 0o1000) !== 0;
  const onlyOwnerWrites = (seen.mode & 0o022) === 0;
  return seen.isDirectory() && (seen.uid === uid || seen.uid === 0) && (onlyOwnerWrites || sticky);
}

/** A run that was killed between making the folder and listening leaves one without a socket; a live run listens within a second. */
const LISTENS_WITHIN_MS = 60_000;
async function removeAbandoned(
  parent: string,
  { prefix, socket }: SocketFolderUse,
  { uid, nowMs }: { uid: number; nowMs: number },
): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const path = join(parent, name);
    const seen = await lstat(path).catch(() => null);
    if (!seen?.isDirectory() || seen.uid !== uid) continue;
    if (await isAbandoned(join(path, socket), nowMs - seen.mtimeMs)) await rm(path, { recursive: true, force: true });
  }
}

/** The name of the socket appears only once somebody listens on it, so one that refuses belongs to a process that is gone. */
async function isAbandoned(socketPath: string, idleMs: number): Promise<boolean> {
  const answer = await knock(socketPath);
  return answer === 'ECONNREFUSED' || (answer === 'ENOENT' && idleMs > LISTENS_WITHIN_MS);
}

/** The code of the error with which a socket answers; null when somebody listens. */
function knock(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? '');
    });
  });
}
