import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordError } from '../../src/core/records.ts';
import type { Entry, Item } from '../../src/walk/entry.ts';
import { comparablePart, decode, encode, type Line, MAX_RECORD_BYTES, recordCutter } from '../../src/walk/record.ts';

const BYTE = fc.integer({ min: 1, max: 255 });
const BYTES = fc.array(BYTE, { minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const PATH = fc
  .array(
    fc
      .array(
        BYTE.filter((byte) => byte !== 0x2f),
        { minLength: 1, maxLength: 6 },
      )
      .map((bytes) => Buffer.from(bytes).toString('latin1')),
    { minLength: 1, maxLength: 4 },
  )
  .filter((segments) => !segments.some((segment) => segment === '.' || segment === '..'))
  .map((segments) => Buffer.from(segments.join('/'), 'latin1'));
const COUNT = fc.integer({ min: 0, max: 999_999_999_999_999 });
const NS = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const INODE = { ino: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), ctimeNs: NS, nlink: fc.nat() };
const NOTHING = { link: fc.constant(null), hash: fc.constant(null), hardlink: fc.constant(null) };
const HASH = fc.stringMatching(/^[0-9a-f]{64}$/);
const common = { path: PATH, mode: fc.integer({ min: 0, max: 0o7777 }), mtimeNs: NS, ...NOTHING, ...INODE };
const FILE = fc.record({
  ...common,
  type: fc.constant('file' as const),
  size: COUNT,
  hash: fc.option(HASH),
  hardlink: fc.option(PATH),
});
const DIR = fc.record({ ...common, type: fc.constant('dir' as const), size: fc.constant(0) });
const SYMLINK = fc.record({ ...common, type: fc.constant('symlink' as const), size: fc.constant(0), link: BYTES });
const ENTRY: fc.Arbitrary<Entry> = fc.oneof(FILE, DIR, SYMLINK);
const WORDS = fc.string({ unit: 'grapheme', minLength: 1 }).filter((words) => !words.includes('\0'));
const CODE = fc.constantFrom('EACCES', 'EIO', 'E2BIG');
const ITEM: fc.Arbitrary<Item> = fc.oneof(
  ENTRY,
  fc.record({
    type: fc.constant('skip' as const),
    path: PATH,
    rule: WORDS,
    reason: WORDS,
    entries: COUNT.map((count) => count + 1).filter((count) => count < 1e15),
    bytes: COUNT,
  }),
  fc.record({ type: fc.constant('unreadable' as const), path: PATH, code: CODE }),
);
const LINE: fc.Arbitrary<Line> = fc.oneof(
  ITEM,
  fc.constantFrom<Line>({ type: 'head' }, { type: 'tick' }),
  fc.record({ type: fc.constant('failed' as const), code: CODE }),
  fc.record({ type: fc.constant('end' as const), entries: COUNT }),
);

test('whatever is written is read back the same', () => {
  fc.assert(
    fc.property(LINE, (line) => {
      expect(decode(encode(line))).toEqual(line);
    }),
    { numRuns: 2000 },
  );
});

test('a stream may be cut into pieces anywhere', () => {
  fc.assert(
    fc.property(fc.array(LINE, { maxLength: 8 }), fc.array(fc.nat({ max: 40 })), (lines, cuts) => {
      const stream = Buffer.concat(lines.map(encode));
      const cutter = recordCutter();
      const read: Line[] = [];
      let from = 0;
      for (const cut of [...cuts, stream.length]) {
        for (const record of cutter.cut(stream.subarray(from, from + cut))) read.push(decode(record));
        from = Math.min(stream.length, from + cut);
      }
      for (const record of cutter.cut(stream.subarray(from))) read.push(decode(record));
      expect(read).toEqual(lines);
      expect(cutter.torn).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test('equal entries are equal bytes, whatever their inodes, and unequal ones are not', () => {
  fc.assert(
    fc.property(ENTRY, fc.record(INODE), ENTRY, (entry, inode, other) => {
      const bytes = comparablePart(encode(entry));
      expect(comparablePart(encode({ ...entry, ...inode })).equals(bytes)).toBe(true);
      const alike = JSON.stringify(
        decode(encode({ ...other, ino: entry.ino, ctimeNs: entry.ctimeNs, nlink: entry.nlink })),
        plain,
      );
      expect(comparablePart(encode(other)).equals(bytes)).toBe(alike === JSON.stringify(entry, plain));
    }),
    { numRuns: 1000 },
  );
});

// F124
test('no bytes at all make the reader do anything but read or refuse', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 12 }), LINE.map(encode))), (pieces) => {
      const cutter = recordCutter();
      for (const record of cutter.cut(Buffer.concat(pieces))) {
        try {
          decode(record);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }
    }),
    { numRuns: 10_000 },
  );
});

describe('a record is refused', () => {
  const file = 'f 644 5 7 -';
  const inode = '1 2 3';
  const of =
    (...fields: string[]) =>
    () =>
      decode(Buffer.from(fields.map((field) => `${field}\0`).join(''), 'latin1'));

  test('never when it is right', () => {
    expect(of(file, 'a', '', '', inode)()).toMatchObject({ type: 'file', mode: 0o644, size: 5, mtimeNs: 7n });
  });

  // F39, F40
  test.each(['', '/etc/passwd', '../up', 'a/../../b', '.', './a', 'a/.', 'a//b', 'a/', '..'])(
    'for the path %j',
    (path) => {
      expect(of(file, path, '', '', inode)).toThrow(RecordError);
      expect(of('u EACCES', path, '', '', '')).toThrow(RecordError);
      expect(of('s 1 0', path, 'rule', 'reason', '')).toThrow(RecordError);
    },
  );

  test.each([
    'f 0644 5 7 -',
    'f 10644 5 7 -',
    'f 644 05 7 -',
    'f 644 -5 7 -',
    'f 644 1e3 7 -',
    'f 644 5 -0 -',
    'f 644 5 7 abc',
    `f 644 5 7 ${'A'.repeat(64)}`,
    'p 644 5 7 -',
    'f 644 5 7 -\n',
    'f  644 5 7 -',
    'neo-pull-manifest 2',
    'end -1',
    'u eacces',
    'u EACCES\u001b[31m',
    's 0 5',
    '__proto__',
  ])('for the head %j', (head) => {
    expect(of(head, 'a', 'x', 'y', inode)).toThrow(RecordError);
    expect(of(head, 'a', '', '', inode)).toThrow(RecordError);
  });

  test('for facts that do not go together', () => {
    expect(of('d 755 5 7 -', 'a', '', '', inode)).toThrow(RecordError);
    expect(of('d 755 0 7 -', 'a', 'link', '', inode)).toThrow(RecordError);
    expect(of('d 755 0 7 -', 'a', '', 'b', inode)).toThrow(RecordError);
    expect(of('l 777 0 7 -', 'a', '', '', inode)).toThrow(RecordError);
    expect(of(file, 'a', 'link', '', inode)).toThrow(RecordError);
    expect(of(file, 'a', '', '', '1 2')).toThrow(RecordError);
  });

  test('when it never ends', () => {
    const cutter = recordCutter();
    const piece = Buffer.alloc(MAX_RECORD_BYTES / 2 + 1, 'x');
    expect(cutter.cut(piece)).toEqual([]);
    expect(() => cutter.cut(piece)).toThrow(RecordError);
  });
});

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
