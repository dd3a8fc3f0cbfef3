import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { posix as path } from 'node:path';

/** What the owner of the account allows, and what is known of the account. */
export interface Account {
  readonly home: string;
  /** The Node that runs the dispatcher. */
  readonly node: string;
  /** Login shells: the one of the session and the one of the password file. */
  readonly shells: readonly string[];
  /** Directories in which everything may be read. */
  readonly roots: readonly string[];
  /** Programs that may be asked for their version, besides those that the account's own services start. */
  readonly programs: readonly string[];
  /** Where rsync may lie. */
  readonly searchPath: readonly string[];
  /** Where the definitions of the account's services lie. */
  readonly unitFolders: readonly string[];
}

/**
 * Where a path leads, with every symlink resolved as far as something is there; null unless that lies in one of the roots.
 * Reads the file system.
 */
export function insideRoots(asked: string, { roots }: Account): string | null {
  if (!path.isAbsolute(asked) || path.normalize(asked) !== asked) return null;
  const real = resolved(asked);
  const within = roots.map(resolved).some((root) => real === root || real?.startsWith(root === '/' ? '/' : `${root}/`));
  return within ? real : null;
}

function resolved(asked: string): string | null {
  try {
    return realpathSync(asked);
  } catch (error) {
    // What is not there may be asked for. A symlink that dangles says the same; nothing can be read through it.
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const above = path.dirname(asked);
    if (code !== 'ENOENT' || above === asked) return null;
    const real = resolved(above);
    return real === null ? null : path.join(real, path.basename(asked));
  }
}

/** May this program be started (with `--version`)? The owner named it, or a gateway service of the account starts it. Reads unit files. */
export function isKnownProgram(program: string, account: Account): boolean {
  if (!path.isAbsolute(program)) return false;
  return (
    account.programs.includes(program) || account.unitFolders.some((folder) => isStartedIn(folder, program, account))
  );
}

function isStartedIn(folder: string, program: string, { home }: Account): boolean {
  const texts = list(folder).flatMap((name) => {
    if (/gateway.*\.service$/.test(name)) return [read(path.join(folder, name))];
    if (!/gateway.*\.service\.d$/.test(name)) return [];
    const dropIns = list(path.join(folder, name)).filter((file) => file.endsWith('.conf'));
    return dropIns.map((file) => read(path.join(folder, name, file)));
  });
  return texts.some((text) => startedBy(text, home).includes(program));
}

/** The words of a unit's `ExecStart=`. Words with spaces in them are not found: the owner names such a program. */
function startedBy(unit: string, home: string): string[] {
  const lines = unit.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/);
  return lines.flatMap((line) => {
    const command = /^\s*ExecStart\s*=\s*[-@:+!]*(.*)$/.exec(line)?.[1] ?? '';
    return command.replaceAll('%h', home).split(/[\s"']+/);
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
