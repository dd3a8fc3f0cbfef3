import { constants, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fail, type ProblemError } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import type { SettingsFlags } from './flags.ts';
import type { Settings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

/** No settings that a person wrote are longer. */
const LONGEST = 256 * 1024;

const NONE: Settings = { products: [] };

/**
 * The settings of this account: of the file that `--config` names, else of `neo-pull.json5` in its folder where there is one. Throws
 * `settings-unsafe` for a file, or a symlink to it, that is another account's or that others can write, and `settings-invalid`.
 */
export async function readSettings(flags: SettingsFlags, around: Surroundings): Promise<Settings> {
  const path = settingsPath(flags, around);
  if (path === null) return NONE;
  const text = await textAt(path, { uid: around.account.uid, mayLack: flags.config === undefined });
  if (text === null) return NONE;
  // Its schema is not loaded by the many commands that find no file.
  const { settingsIn } = await import('./settings.ts');
  return settingsIn(text, path);
}

/** Where they are, or would be; null where none are wanted. Pure. */
export function settingsPath(flags: SettingsFlags, around: Surroundings): string | null {
  if (flags.config === 'none') return null;
  return flags.config === undefined ? usualPath(around) : named(flags.config, around);
}

function usualPath({ env, account }: Surroundings): string {
  const told = env['XDG_CONFIG_HOME'];
  const base = told !== undefined && isAbsolute(told) ? told : join(account.home, '.config');
  return join(base, 'neo-pull', 'neo-pull.json5');
}

/** Shells expand `~` in `--config ~/x` but not in `--config=~/x`. */
function named(text: string, { cwd, account }: Surroundings): string {
  return text.startsWith('~/') ? join(account.home, text.slice(2)) : resolve(cwd, text);
}

interface Reader {
  readonly uid: number;
  readonly mayLack: boolean;
}

async function textAt(path: string, { uid, mayLack }: Reader): Promise<string | null> {
  const link = await lstat(path).catch((error: unknown) => unread(path, error, mayLack));
  if (link === null) return null;
  refuseOthers(path, link, uid);
  // A pipe by that name would be waited for without end.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) =>
    unread(path, error, false),
  );
  if (handle === null) return null;
  try {
    // The open file is judged, not its name: what is read is what was looked at.
    const stats = await handle.stat();
    if (!stats.isFile()) throw invalid(path, 'is no file', 'Name a file.');
    refuseOthers(path, stats, uid);
    return await contentOf(handle, path);
  } finally {
    await handle.close();
  }
}

/** Who can write it decides which programs are run on both machines. */
function refuseOthers(path: string, stats: Stats, uid: number): void {
  const { mode } = stats;
  const what = stats.isSymbolicLink() ? 'symlink' : 'file';
  if (stats.uid !== uid && stats.uid !== 0)
    throw unsafe(path, `is a ${what} of another account (number ${stats.uid})`, 'Write one of your own.');
  if (!stats.isSymbolicLink() && (mode & 0o022) !== 0)
    throw unsafe(
      path,
      `can be written by others (mode ${(mode & 0o777).toString(8)})`,
      `Keep it to yourself: chmod go-w ${pasteable(path)}`,
    );
}

async function contentOf(handle: FileHandle, path: string): Promise<string> {
  const buffer = Buffer.alloc(LONGEST + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.toString('utf8', 0, length);
    length += bytesRead;
    if (length > LONGEST) throw invalid(path, `is longer than ${LONGEST} bytes`, 'Keep nothing but settings in it.');
  }
}

function unread(path: string, error: unknown, mayLack: boolean): null {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  if (mayLack && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
  throw invalid(path, `cannot be read (${code})`, 'Check the path and the rights, or do without: --config none', error);
}

function unsafe(path: string, what: string, hint: string): ProblemError {
  return fail('settings-unsafe', {
    message: `The settings file ${printable(path)} ${what}. Nothing was changed.`,
    hint: `${hint} Or do without: --config none`,
  });
}

function invalid(path: string, what: string, hint: string, cause?: unknown): ProblemError {
  return fail('settings-invalid', { message: `The settings file ${printable(path)} ${what}.`, hint }, { cause });
}
