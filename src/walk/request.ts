import type { ExcludeRule } from '../core/plan.ts';

/** What the walking program is asked, as JSON in base64. */
export interface WalkRequest {
  /** Absolute. */
  readonly root: string;
  readonly excludes: readonly ExcludeRule[];
  readonly room: 'state' | 'workspace';
  readonly workspaces: readonly string[];
  readonly hash: boolean;
  /** Of files that changed before, by their ctime (nanoseconds, decimal), only the facts: their hash is known from an earlier walk. */
  readonly hashFromNs?: string | null | undefined;
  /** As in `Root`: only these names at the top are looked at. Without it, all of the tree. */
  readonly files?: readonly string[] | null | undefined;
}

/** Base64, because its letters mean nothing to any shell on the way. */
export function encodeRequest(request: WalkRequest): string {
  return Buffer.from(JSON.stringify(request)).toString('base64');
}

/** Reads what `encodeRequest` wrote. */
export function decodeRequest(text: string): WalkRequest {
  return JSON.parse(Buffer.from(text, 'base64').toString()) as WalkRequest;
}
