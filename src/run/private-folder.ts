import type { Stats } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, type ProblemError } from '../core/problem.ts';
import { quoteWord } from '../host/quote.ts';
import { errorCode } from './system-error.ts';

/** Waits until the names in a folder are on the disk. Repeatable. Rejects with the system's error. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder that only this user can look into (0700), with the folders above it, durably; one that is there is checked
 * instead. Repeatable. Throws what `checkPrivateFolder` throws, `journal-unwritable` where it cannot be made.
 */
export async function ensurePrivateFolder(path: string, uid: number): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    if (first !== undefined) await syncDown(dirname(first), path);
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw unmade(path, cause);
  }
  await checkPrivateFolder(path, uid);
}

/**
 * Is this folder ours alone to write? Read-only. Throws `option-invalid` where it is a link, no folder, another user's, writable
 * for others, or lies where anyone may exchange it; `run-unknown` where there is nothing.
 */
export async function checkPrivateFolder(path: string, uid: number): Promise<void> {
  const found = await look(path);
  if (found.isSymbolicLink()) throw refused(path, 'is a symbolic link');
  if (!found.isDirectory()) throw refused(path, 'is not a folder');
  if (found.uid !== uid) throw refused(path, `belongs to user ${found.uid}, not to you (${uid})`);
  if ((found.mode & 0o022) !== 0) throw refused(path, 'can be written by others');
  const above = await look(dirname(path));
  if ((above.mode & 0o002) !== 0 && (above.mode & 0o1000) === 0) {
    throw refused(path, 'lies in a folder where anyone may exchange it');
  }
}

async function syncDown(top: string, path: string): Promise<void> {
  await syncFolder(top);
  let at = top;
  for (const name of path.slice(top.length).split('/').filter(Boolean)) {
    at = join(at, name);
    await syncFolder(at);
  }
}

async function look(path: string): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (cause) {
    throw fail(
      'run-unknown',
      { message: `There is no folder ${path}.`, hint: 'See what there is: `neo-pull runs`.' },
      { cause },
    );
  }
}

function refused(path: string, why: string): ProblemError {
  return fail('option-invalid', {
    message: `${path} ${why}. neo-pull keeps its journals where only you can write. Nothing was changed.`,
    hint: `Look at it (\`ls -ld ${quoteWord(path)}\`), mend or remove it, or name another place in XDG_STATE_HOME.`,
  });
}

function unmade(path: string, cause: unknown): ProblemError {
  return fail(
    'journal-unwritable',
    {
      message: `The folder ${path} could not be made (${errorCode(cause) ?? String(cause)}). Nothing was changed.`,
      hint: 'Make the folder above it writable, or name another place in XDG_STATE_HOME.',
    },
    { cause },
  );
}
