import { leadsAstray, readFields, RecordCutter, RecordError, writeFields } from '../core/records.ts';
import type { Entry, Item } from './entry.ts';

/**
 * How items are written, on the wire and in manifest files. A record is five fields, each ended by a NUL byte, which no name and
 * no link can hold, so any other byte stands for itself:
 *
 *     head                          path  link  first hard link  inode facts
 *     f 644 1234 <mtimeNs> <hash>   a/b   -     a/a              <ino> <ctimeNs> <nlink>      (d: directory, l: symlink)
 *     s <entries> <bytes>           a/c   rule  reason           -                            skipped
 *     u EACCES                      a/d   -     -                -                            unreadable
 *
 * (`-` being empty here.) A stream begins with `head`, ends with `end <entries>`, and may hold `tick`s (content is being read, no
 * record is ready) or `failed <code>` (the root cannot be opened). A manifest file is a stream of entries only. Numbers are
 * decimal, modes octal, both without leading zeros, so that equal entries are equal bytes.
 */
export type Line = Item | Control;

export type Control =
  | { readonly type: 'head' }
  | { readonly type: 'tick' }
  | { readonly type: 'failed'; readonly code: string }
  | { readonly type: 'end'; readonly entries: number };

const CONTROLS: ReadonlySet<string> = new Set<Control['type']>(['head', 'tick', 'failed', 'end']);

/** Is this line something that was found, and not about the stream itself? */
export function isItem(line: Line): line is Item {
  return !CONTROLS.has(line.type);
}

const HEAD = 'neo-pull-manifest 1';
const FIELDS = 5;

/** No longer record is read; the longest that is written has three paths. */
export const MAX_RECORD_BYTES = 256 * 1024;

const NONE = Buffer.alloc(0);
const LETTER = { file: 'f', dir: 'd', symlink: 'l' } as const;

/** The bytes of one record. */
export function encode(line: Line): Buffer {
  switch (line.type) {
    case 'head':
      return record(HEAD);
    case 'tick':
      return record('tick');
    case 'failed':
      return record(`failed ${line.code}`);
    case 'end':
      return record(`end ${line.entries}`);
    case 'skip':
      return record(`s ${line.entries} ${line.bytes}`, line.path, Buffer.from(line.rule), Buffer.from(line.reason));
    case 'unreadable':
      return record(`u ${line.code}`, line.path);
    default:
      return record(headOf(line), line.path, line.link ?? NONE, line.hardlink ?? NONE, Buffer.from(inodeOf(line)));
  }
}

function record(head: string, ...fields: Buffer[]): Buffer {
  return writeFields(FIELDS, [Buffer.from(head), ...fields]);
}

function headOf({ type, mode, size, mtimeNs, hash }: Entry): string {
  return `${LETTER[type]} ${mode.toString(8)} ${size} ${mtimeNs} ${hash ?? '-'}`;
}

function inodeOf({ ino, ctimeNs, nlink }: Entry): string {
  return `${ino} ${ctimeNs} ${nlink}`;
}

/** The part of an entry's record that two equal trees have alike: all but the inode facts. */
export function comparablePart(entryRecord: Buffer): Buffer {
  return entryRecord.subarray(0, entryRecord.lastIndexOf(0, entryRecord.length - 2) + 1);
}

const ENTRY = /^([fdl]) (0|[1-7][0-7]{0,3}) (0|[1-9]\d{0,14}) (0|-?[1-9]\d{0,19}) ([0-9a-f]{64}|-)$/;
const INODE = /^(0|[1-9]\d{0,19}) (0|-?[1-9]\d{0,19}) (0|[1-9]\d{0,9})$/;
const SKIP = /^s ([1-9]\d{0,14}) (0|[1-9]\d{0,14})$/;
const CODE = /^(u|failed) ([A-Z][A-Z0-9_]{0,30})$/;
const END = /^end (0|[1-9]\d{0,14})$/;

/** Reads one record back. Throws a `RecordError` for whatever `encode` would not have written. */
export function decode(bytes: Buffer): Line {
  const [headBytes, path, third, fourth, inode] = fieldsOf(bytes);
  const head = headBytes.toString('latin1');
  if (head === HEAD) return { type: 'head' };
  if (head === 'tick') return { type: 'tick' };
  const end = END.exec(head)?.[1];
  if (end !== undefined) return { type: 'end', entries: Number(end) };
  const [, letter, code] = CODE.exec(head) ?? [];
  if (letter === 'failed' && code !== undefined) return { type: 'failed', code };
  if (leadsAstray(path)) throw new RecordError('a path that leads astray');
  if (code !== undefined) return { type: 'unreadable', path, code };
  const [, entries, size] = SKIP.exec(head) ?? [];
  if (entries === undefined) return entryOf(head, { path, link: third, hardlink: fourth, inode });
  const words = { rule: third.toString(), reason: fourth.toString() };
  return { type: 'skip', path, ...words, entries: Number(entries), bytes: Number(size) };
}

interface EntryFields {
  readonly path: Buffer;
  readonly link: Buffer;
  readonly hardlink: Buffer;
  readonly inode: Buffer;
}

function entryOf(head: string, { path, link, hardlink, inode }: EntryFields): Entry {
  const [, letter, mode, size, mtimeNs, hash] = ENTRY.exec(head) ?? [];
  const [, ino, ctimeNs, nlink] = INODE.exec(inode.toString('latin1')) ?? [];
  if (mtimeNs === undefined || ino === undefined || ctimeNs === undefined) throw new RecordError('facts that are none');
  const type = letter === 'f' ? 'file' : letter === 'd' ? 'dir' : 'symlink';
  const onlyFiles = type === 'file' || (size === '0' && hash === '-' && hardlink.length === 0);
  if (!onlyFiles || link.length > 0 !== (type === 'symlink')) throw new RecordError('facts that do not go together');
  return {
    type,
    path,
    mode: Number.parseInt(mode ?? '', 8),
    size: Number(size),
    mtimeNs: BigInt(mtimeNs),
    link: type === 'symlink' ? link : null,
    hash: hash === '-' || hash === undefined ? null : hash,
    hardlink: hardlink.length > 0 ? hardlink : null,
    ino,
    ctimeNs: BigInt(ctimeNs),
    nlink: Number(nlink),
  };
}

function fieldsOf(bytes: Buffer): [Buffer, Buffer, Buffer, Buffer, Buffer] {
  const [head, path, third, fourth, inode] = readFields(bytes);
  if (!head || !path || !third || !fourth || !inode) throw new RecordError('too few fields');
  return [head, path, third, fourth, inode];
}

/** Cuts a stream of bytes into records of this kind. */
export function recordCutter(): RecordCutter {
  return new RecordCutter({ fields: FIELDS, maxBytes: MAX_RECORD_BYTES });
}
