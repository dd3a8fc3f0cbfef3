import { z } from 'zod';
import type { Mapping } from '../core/plan.ts';

/** Databases that are checked, each on a copy of it: nothing is written where they lie. */
export interface SoundnessRequest {
  /** Absolute, raw bytes in base64; what belongs to one lies beside it. */
  readonly check: readonly string[];
  /** A folder for one copy after the other; made, and removed. */
  readonly scratch: string;
}

/** What the database program is asked, as JSON in base64 in its one argument. */
export interface DatabaseRequest {
  /** A copy that nobody else has open, absolute; its `-wal` and `-journal` lie beside it. It is changed in place. */
  readonly file: string;
  readonly columns: readonly {
    readonly table: string;
    readonly column: string;
    readonly kind: 'path' | 'json';
    readonly members: readonly string[];
  }[];
  readonly mapping: readonly Mapping[];
  readonly oldHome: string;
  readonly newHome: string;
  /** So long columns are looked through that are not declared. */
  readonly lookMs: number;
}

/** One old path in one column, however many rows have it. */
const columnRewrite = z.object({ table: z.string(), column: z.string(), from: z.string(), to: z.string() });

/** Of which column how many values begin with an old path. */
const columnLeft = z.object({ table: z.string(), column: z.string(), count: z.number() });

export const databaseAnswer = z.object({
  /** What read it; null where this machine has nothing that can. */
  engine: z.enum(['node:sqlite', 'sqlite3']).nullable(),
  /** Why nothing was rewritten although something may have to be; the file may have been changed then, and is of no use. */
  failure: z.string().nullable(),
  /** When there are any, the file is whole, checked, and needs none of the files beside it. */
  rewrites: z.array(columnRewrite),
  left: z.array(columnLeft),
  /** Did the time suffice to look through all of it? */
  isLookedThrough: z.boolean(),
});

/** What the database program answers, in one line of JSON. */
export type DatabaseAnswer = z.infer<typeof databaseAnswer>;

export const soundnessAnswer = z.object({
  /** Null where this machine has nothing that reads a database; then none was checked. */
  engine: z.enum(['node:sqlite', 'sqlite3']).nullable(),
  /** Which of them, by their place in the request, did not pass, and what was said. `unread` says nothing of the database. */
  failures: z.array(z.object({ at: z.number(), kind: z.enum(['damaged', 'unread']), said: z.string() })),
});

/** What a check of databases answers, in one line of JSON. */
export type SoundnessAnswer = z.infer<typeof soundnessAnswer>;
