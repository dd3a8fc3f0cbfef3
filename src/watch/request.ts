import type { ExcludeRule, Root } from '../core/plan.ts';

/** What of a Root the watcher has to know. */
export type WatchedRoot = Pick<Root, 'id' | 'oldPath' | 'room' | 'workspaces' | 'files'>;

/** What the watcher is asked: JSON in base64, the first line on its stdin. */
export interface WatchRequest {
  /** The program that follows on stdin: the bootstrap takes so many bytes and runs nothing else. */
  readonly program: { readonly bytes: number; readonly sha256: string };
  readonly roots: readonly WatchedRoot[];
  readonly excludes: readonly ExcludeRule[];
  /** Where cookies are made, absolute; null where nothing may be written. */
  readonly cookieDir: string | null;
  /** How it watches; null lets it choose by the size of the trees and the system. */
  readonly engine: 'directories' | 'chokidar' | null;
  /** So often it tells that it lives. */
  readonly beatMs: number;
  /** So long after the last word of whoever started it, it ends. */
  readonly deafMs: number;
}

/** Base64, which is one line whatever stands in it. */
export function encodeRequest(request: WatchRequest): string {
  return Buffer.from(JSON.stringify(request)).toString('base64');
}

/** Reads what `encodeRequest` wrote. */
export function decodeRequest(text: string): WatchRequest {
  return JSON.parse(Buffer.from(text, 'base64').toString()) as WatchRequest;
}
