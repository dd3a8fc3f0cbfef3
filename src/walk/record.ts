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
const NUL = Buffer.from([0]);
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
  const parts: Buffer[] = [Buffer.from(head), NUL];
  for (let at = 0; at < FIELDS - 1; at++) parts.push(fields[at] ?? NONE, NUL);
  return Buffer.concat(parts);
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
/** An empty, `.` or `..` segment: such a path would not name an entry below the root. */
const STRAY_SEGMENT = /(?:^|\/)\.{0,2}(?:\/|$)/;

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
  if (path.length === 0 || STRAY_SEGMENT.test(path.toString('latin1')))
    throw new RecordError('a path that leads astray');
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
  const fields: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const nul = bytes.indexOf(0, from);
    if (nul < 0) break;
    fields.push(bytes.subarray(from, nul));
    from = nul + 1;
  }
  const [head, path, third, fourth, inode] = fields;
  if (!head || !path || !third || !fourth || !inode) throw new RecordError('too few fields');
  return [head, path, third, fourth, inode];
}

/** What was read is no record; the message says why, and quotes nothing of it. */
export class RecordError extends Error {}

/** Cuts a stream of bytes into records. */
export class RecordCutter {
  #rest: Buffer = NONE;

  /** The records that are whole by now. They lie in the memory of the chunk. Throws a `RecordError` for one that never ends. */
  cut(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const records: Buffer[] = [];
    let from = 0;
    for (let end = endOf(bytes, from); end > 0; end = endOf(bytes, from)) {
      records.push(bytes.subarray(from, end));
      from = end;
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length > MAX_RECORD_BYTES) throw new RecordError('a record without an end');
    return records;
  }

  /** Is there the beginning of a record that was not whole? */
  get torn(): boolean {
    return this.#rest.length > 0;
  }
}

/** Where the record that begins at `from` ends; 0 when that is not there yet. */
function endOf(bytes: Buffer, from: number): number {
  let at = from;
  for (let field = 0; field < FIELDS; field++) {
    const nul = bytes.indexOf(0, at);
    if (nul < 0) return 0;
    at = nul + 1;
  }
  return at;
}
