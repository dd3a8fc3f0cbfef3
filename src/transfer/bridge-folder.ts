import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { fail } from '../core/problem.ts';
import { makeSocketFolder } from '../host/socket-folder.ts';
import { PROGRAM_TEXT } from './rsh.generated.ts';

const USE = { prefix: 'neo-pull-bridge-', socket: 'sock' };

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
 * left there; see `makeSocketFolder`. Throws `transfer-failed` when neither will do.
 */
export async function makeBridgeFolder(runtimeDir: string | null): Promise<BridgeFolder> {
  const made = await makeSocketFolder([runtimeDir, '/tmp'], USE);
  if (made) return furnish(made.path, made.uid);
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
  return { path, uid, token, programPath, socketPath: join(path, USE.socket), remove };
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
