import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';

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

/**
 * May the user of this number speak to whoever listens on this socket, or could that be somebody else? Says what is wrong, or null. The
 * folder has to be a real one, ours and 0700, where nobody else may rename it; the socket ours and 0600. `missing` says that nothing is
 * there to speak to. Read-only.
 */
export async function socketFault(
  socketPath: string,
  uid: number,
): Promise<{ readonly missing: boolean; readonly why: string } | null> {
  const folder = dirname(socketPath);
  const wrong = (path: string, why: string) => ({ missing: false, why: `${path} ${why}` });
  try {
    const [socket, around] = [await lstat(socketPath), await lstat(folder)];
    if (around.isSymbolicLink()) return wrong(folder, 'is a symbolic link');
    if (!around.isDirectory()) return wrong(folder, 'is not a folder');
    if (around.uid !== uid) return wrong(folder, `belongs to user ${around.uid}, not to you (${uid})`);
    if ((around.mode & 0o777) !== 0o700) return wrong(folder, 'is open to others');
    if (!(await isTrusted(dirname(folder), uid))) return wrong(folder, 'lies where others may exchange it');
    if (!socket.isSocket()) return wrong(socketPath, 'is not a socket');
    if (socket.uid !== uid) return wrong(socketPath, `belongs to user ${socket.uid}, not to you (${uid})`);
    return (socket.mode & 0o777) === 0o600 ? null : wrong(socketPath, 'is open to others');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { missing: code === 'ENOENT', why: `${socketPath} cannot be looked at (${code ?? String(error)})` };
  }
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
