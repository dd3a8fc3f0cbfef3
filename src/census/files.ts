import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** A file of JSON longer than this is not read: no index of sessions comes near it. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Directories below one another that are looked into. */
const DEEPEST = 8;

export type Members = Readonly<Record<string, unknown>>;

/** What lies in a directory, by name; nothing where it is not there. */
export function listed(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Directories. Hidden ones are none of the product's. */
export function foldersIn(folder: string): string[] {
  return namesOf(listed(folder).filter((entry) => entry.isDirectory()));
}

/**
 * Directories, and symlinks by their own name: what one leads to need not be there yet where a copy is counted, and none is followed.
 */
export function namedIn(folder: string): string[] {
  return namesOf(listed(folder).filter((entry) => entry.isDirectory() || entry.isSymbolicLink()));
}

function namesOf(entries: readonly Dirent[]): string[] {
  return entries.map(({ name }) => name).filter((name) => !name.startsWith('.'));
}

/** Files with one of these ends, at any depth, as paths below `folder`. */
export function filesBelow(folder: string, ends: readonly string[], depth = 0): string[] {
  return listed(folder).flatMap((entry) => {
    if (entry.isDirectory() && depth < DEEPEST && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      return filesBelow(join(folder, entry.name), ends, depth + 1).map((path) => `${entry.name}/${path}`);
    return entry.isFile() && ends.some((end) => entry.name.endsWith(end)) ? [entry.name] : [];
  });
}

/** The members of a JSON object in a file; none where there is no such thing. */
export function membersOf(file: string): Members {
  try {
    return asMembers(JSON.parse(textOf(file)));
  } catch {
    return {};
  }
}

/** The text of a file; empty where there is none, or one too long to be what is looked for. */
export function textOf(file: string): string {
  try {
    return statSync(file).size > MOST_BYTES ? '' : readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export function asMembers(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
