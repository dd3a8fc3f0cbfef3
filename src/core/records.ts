const NUL = Buffer.from([0]);
const NONE = Buffer.alloc(0);

/** What was read is no record; the message says why, and quotes nothing of it. */
export class RecordError extends Error {}

/** An empty, `.` or `..` segment. */
const STRAY_SEGMENT = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** Would this path lead elsewhere than to an entry below its root? Pure. */
export function leadsAstray(path: Buffer): boolean {
  return path.length === 0 || STRAY_SEGMENT.test(path.toString('latin1'));
}

/** The bytes of a record of so many fields, each ended by a NUL byte, which no name and no link can hold. Those not given are empty. */
export function writeFields(count: number, fields: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < count; at++) parts.push(fields[at] ?? NONE, NUL);
  return Buffer.concat(parts);
}

/** The fields of one record, in the memory of `bytes`. */
export function readFields(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const nul = bytes.indexOf(0, from);
    if (nul < 0) break;
    fields.push(bytes.subarray(from, nul));
    from = nul + 1;
  }
  return fields;
}

/** Cuts a stream of bytes into records of so many NUL-ended fields. */
export class RecordCutter {
  readonly #fields: number;
  readonly #maxBytes: number;
  #rest: Buffer = NONE;

  constructor({ fields, maxBytes }: { readonly fields: number; readonly maxBytes: number }) {
    this.#fields = fields;
    this.#maxBytes = maxBytes;
  }

  /** The records that are whole by now. They lie in the memory of the chunk. Throws a `RecordError` for one that never ends. */
  cut(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const records: Buffer[] = [];
    let from = 0;
    for (let end = this.#endOf(bytes, from); end > 0; end = this.#endOf(bytes, from)) {
      records.push(bytes.subarray(from, end));
      from = end;
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length > this.#maxBytes) throw new RecordError('a record without an end');
    return records;
  }

  /** Is there the beginning of a record that was not whole? */
  get torn(): boolean {
    return this.#rest.length > 0;
  }

  /** Where the record that begins at `from` ends; 0 when that is not there yet. */
  #endOf(bytes: Buffer, from: number): number {
    let at = from;
    for (let field = 0; field < this.#fields; field++) {
      const nul = bytes.indexOf(0, at);
      if (nul < 0) return 0;
      at = nul + 1;
    }
    return at;
  }
}
