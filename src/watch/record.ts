import { leadsAstray, readFields, RecordCutter, RecordError, writeFields } from '../core/records.ts';

/** Why something may have happened that was not told. */
export type GapWord =
  'overflow' | 'too-much' | 'root-gone' | 'root-replaced' | 'unwatched' | 'engine-changed' | 'linked';

/** How the watcher is doing. */
export interface Doing {
  readonly engine: 'directories' | 'chokidar';
  readonly directories: number;
  readonly rssBytes: number;
}

/**
 * What the watcher says, as records of three fields, each ended by a NUL byte:
 *
 *     neo-pull-watcher 1                          -        -
 *     beat <engine> <directories> <rss bytes>     -        -       it lives; `ready` instead when all is watched
 *     t                                           root id  path    this name was changed, made or removed
 *     s                                           root id  path    and everything below it may have been; empty: the root
 *     gap <word>                                  -        -       only a full pass knows
 *     cookie <id>                                 -        -       all that was before this cookie has been told; or `nocookie`
 *     failed <CODE>                               root id  -       it cannot watch any more, and ends
 *
 * (`-` being empty here.) Paths are relative to the root, byte for byte.
 */
export type Line =
  | { readonly type: 'head' }
  | ({ readonly type: 'beat' | 'ready' } & Doing)
  | { readonly type: 'told'; readonly root: string; readonly path: Buffer; readonly subtree: boolean }
  | { readonly type: 'gap'; readonly word: GapWord }
  | { readonly type: 'cookie' | 'nocookie'; readonly id: string }
  | { readonly type: 'failed'; readonly code: string; readonly root: string };

const HEAD = 'neo-pull-watcher 1';
const FIELDS = 3;
/** No longer record is read; the longest that is written has one path. */
export const MAX_RECORD_BYTES = 128 * 1024;
const NONE = Buffer.alloc(0);

/** The bytes of one record. */
export function encode(line: Line): Buffer {
  switch (line.type) {
    case 'head':
      return record(HEAD);
    case 'beat':
    case 'ready':
      return record(`${line.type} ${line.engine} ${line.directories} ${line.rssBytes}`);
    case 'told':
      return record(line.subtree ? 's' : 't', line.root, line.path);
    case 'gap':
      return record(`gap ${line.word}`);
    case 'failed':
      return record(`failed ${line.code}`, line.root);
    default:
      return record(`${line.type} ${line.id}`);
  }
}

function record(head: string, root = '', path: Buffer = NONE): Buffer {
  return writeFields(FIELDS, [Buffer.from(head), Buffer.from(root), path]);
}

const DOING = /^(beat|ready) (directories|chokidar) (0|[1-9]\d{0,8}) (0|[1-9]\d{0,14})$/;
const GAP = /^gap (overflow|too-much|root-gone|root-replaced|unwatched|engine-changed|linked)$/;
const COOKIE = /^(cookie|nocookie) ([0-9a-f]{16})$/;
const FAILED = /^failed ([A-Z][A-Z0-9_]{0,30})$/;

/** Reads one record back. Throws a `RecordError` for whatever `encode` would not have written. */
export function decode(bytes: Buffer): Line {
  const [headBytes, rootBytes, path] = readFields(bytes);
  if (!headBytes || !rootBytes || !path) throw new RecordError('too few fields');
  const [head, root] = [headBytes.toString('latin1'), rootBytes.toString()];
  if (head === 't' || head === 's') return toldOf(root, path, head === 's');
  const [, failed] = FAILED.exec(head) ?? [];
  if (path.length > 0 || (root !== '' && failed === undefined)) throw new RecordError('a field where none belongs');
  if (failed !== undefined) return { type: 'failed', code: failed, root };
  return withoutPlace(head);
}

function toldOf(root: string, path: Buffer, subtree: boolean): Line {
  const isWholeRoot = path.length === 0 && subtree;
  if (!isWholeRoot && leadsAstray(path)) throw new RecordError('a path that leads astray');
  // The chunk that it lies in must not be kept for the sake of one path.
  return { type: 'told', root, path: Buffer.from(path), subtree };
}

function withoutPlace(head: string): Line {
  if (head === HEAD) return { type: 'head' };
  const [, type, engine, directories, rssBytes] = DOING.exec(head) ?? [];
  if (type !== undefined) {
    const doing = { directories: Number(directories), rssBytes: Number(rssBytes), engine: engine as Doing['engine'] };
    return { type: type as 'beat' | 'ready', ...doing };
  }
  const word = GAP.exec(head)?.[1];
  if (word !== undefined) return { type: 'gap', word: word as GapWord };
  const [, answer, id] = COOKIE.exec(head) ?? [];
  if (id !== undefined) return { type: answer as 'cookie' | 'nocookie', id };
  throw new RecordError('words that no watcher says');
}

/** Cuts a stream of bytes into records of this kind. */
export function recordCutter(): RecordCutter {
  return new RecordCutter({ fields: FIELDS, maxBytes: MAX_RECORD_BYTES });
}
