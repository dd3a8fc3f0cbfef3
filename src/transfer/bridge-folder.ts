import { randomBytes } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';
import { fail } from '../core/problem.ts';
import { PROGRAM_TEXT } from './rsh.generated.ts';

const PREFIX = 'neo-pull-bridge-';
/** A unix socket's address holds 108 bytes; some systems give fewer. */
const MAX_SOCKET_PATH_BYTES = 100;

/** The private folder (0700) in which rsync's remote shell finds the way back to this process. */
export interface BridgeFolder {
  readonly path: string;
  /** Number of the user who runs this process: the owner of what it makes. */
  readonly uid: number;
  readonly socketPath: string;
  /** The program for `--rsh` (0700). */
  readonly programPath: string;
  /** Random; also in the file `token` (0600), which the program reads, so that it is in no argv. */
  readonly token: string;
  /** Removes the folder with all in it. Repeatable. */
  remove(): Promise<void>;
}

/**
 * Makes the folder in `runtimeDir` (such as XDG_RUNTIME_DIR) when that will do, else in /tmp, and takes away those that killed runs
 * left there. A directory will do when its name fits into a socket's address and rsync's quoting, and nobody else may rename what
 * is in it. Throws `transfer-failed` when none will do.
 */
export async function makeBridgeFolder(runtimeDir: string | null): Promise<BridgeFolder> {
  for (const parent of [runtimeDir, '/tmp']) {
    if (parent === null || !fits(parent)) continue;
    const path = await mkdtemp(join(parent, PREFIX)).catch(() => null);
    if (path === null) continue;
    const { uid, mtimeMs } = await lstat(path);
    if (await isTrusted(parent, uid)) {
      await removeAbandoned(parent, { uid, nowMs: mtimeMs });
      return await furnish(path, uid);
    }
    await rm(path, { recursive: true, force: true });
  }
  throw fail('transfer-failed', {
    message: 'No private folder for the connection to rsync could be made: neither XDG_RUNTIME_DIR nor /tmp will do.',
    hint: 'Run this and look at owner, mode and free space: ls -ld "$XDG_RUNTIME_DIR" /tmp; df -h /tmp',
  });
}

async function furnish(path: string, uid: number): Promise<BridgeFolder> {
  const token = randomBytes(32).toString('hex');
  const programPath = join(path, 'rsh.cjs');
  const remove = () => rm(path, { recursive: true, force: true });
  try {
    await writeFile(programPath, PROGRAM_TEXT, { flag: 'wx', mode: 0o700 });
    await writeFile(join(path, 'token'), token, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, uid, token, programPath, socketPath: join(path, 'sock'), remove };
}

function fits(parent: string): boolean {
  const socketPath = join(parent, `${PREFIX}${'0'.repeat(6)}`, 'sock');
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
async function removeAbandoned(parent: string, { uid, nowMs }: { uid: number; nowMs: number }): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const path = join(parent, name);
    const seen = await lstat(path).catch(() => null);
    if (!seen?.isDirectory() || seen.uid !== uid) continue;
    if (await isAbandoned(path, nowMs - seen.mtimeMs)) await rm(path, { recursive: true, force: true });
  }
}

/** The name `sock` appears only once somebody listens on it, so one that refuses belongs to a process that is gone. */
async function isAbandoned(path: string, idleMs: number): Promise<boolean> {
  const answer = await knock(join(path, 'sock'));
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

/**
 * The value of `--rsh`: rsync splits it at spaces, honours quotes and starts it itself. Pure.
 * Throws `transfer-failed` for a Node whose path holds a quote, which rsync could not be told.
 */
export function rshCommand(node: string, folder: Pick<BridgeFolder, 'programPath' | 'socketPath'>): string {
  const words = [node, folder.programPath, folder.socketPath];
  if (isAbsolute(node) && !words.some((word) => /['"\0]/.test(word))) return words.map((word) => `'${word}'`).join(' ');
  throw fail('transfer-failed', {
    message: `rsync cannot be told to use the Node at ${JSON.stringify(node)}: its path is not absolute or holds a quote.`,
    hint: `Run neo-pull with a Node in a directory without quotes in its name; this one is in ${JSON.stringify(dirname(node))}.`,
  });
}
