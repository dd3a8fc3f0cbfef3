import { WATCH_SHA256 } from './known.generated.ts';

/** What a watcher is asked, as far as a read-only account has it asked: it makes no cookies. */
export interface WatchRequest {
  readonly program: { readonly bytes: number; readonly sha256: string };
  readonly roots: readonly WatchedRoot[];
  readonly excludes: readonly Rule[];
  readonly cookieDir: null;
  readonly engine: 'directories' | 'chokidar' | null;
  readonly beatMs: number;
  readonly deafMs: number;
}

interface WatchedRoot {
  readonly id: string;
  readonly oldPath: string;
  readonly room: string;
  readonly workspaces: readonly string[];
  readonly files: readonly string[] | null;
}

interface Rule {
  readonly pattern: string;
  readonly reason: string;
  readonly room: string;
}

/** Fields that are still to be looked at. */
type Unread = Readonly<Record<string, unknown>>;

/** The request of a watcher that writes nothing, spelled again field by field; null for any other. Pure. */
export function watchRequestIn(value: Unread): WatchRequest | null {
  const { program, roots, excludes, cookieDir, engine, beatMs, deafMs } = value;
  const { bytes, sha256 } = fieldsOf(program);
  if (!isNumber(bytes) || typeof sha256 !== 'string' || cookieDir !== null) return null;
  if (!isNumber(beatMs) || !isNumber(deafMs)) return null;
  if (engine !== null && engine !== 'directories' && engine !== 'chokidar') return null;
  const [read, rules] = [eachOf(roots, rootIn), eachOf(excludes, ruleIn)];
  if (read === null || rules === null) return null;
  return { program: { bytes, sha256 }, roots: read, excludes: rules, cookieDir, engine, beatMs, deafMs };
}

/** Is the program that is announced the one of this version? Pure. */
export function isKnownWatcher({ program }: WatchRequest): boolean {
  return program.sha256 === WATCH_SHA256;
}

function rootIn(value: unknown): WatchedRoot | null {
  const { id, oldPath, room, workspaces, files } = fieldsOf(value);
  if (typeof id !== 'string' || typeof oldPath !== 'string' || typeof room !== 'string') return null;
  if (!isNames(workspaces) || (files !== null && !isNames(files))) return null;
  return { id, oldPath, room, workspaces, files };
}

function ruleIn(value: unknown): Rule | null {
  const { pattern, reason, room } = fieldsOf(value);
  const isRule = typeof pattern === 'string' && typeof reason === 'string' && typeof room === 'string';
  return isRule ? { pattern, reason, room } : null;
}

function eachOf<T>(values: unknown, read: (value: unknown) => T | null): T[] | null {
  const all = Array.isArray(values) ? values.map(read) : [null];
  return all.every((one) => one !== null) ? all : null;
}

function fieldsOf(value: unknown): Unread {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
