import { randomInt } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { compareManifests, readManifest } from '../../src/walk/manifest.ts';
import { encode } from '../../src/walk/record.ts';
import type { Entry } from '../../src/walk/entry.ts';
import { growNastyTree } from '../kit/tree.ts';
import { folder, run } from './folder.ts';
import { take } from './lab.ts';
import { collect } from './walked.ts';

let a = '';
let b = '';
let files = { a: '', b: '' };

async function compared(options: Parameters<typeof compareManifests>[2] = {}): Promise<string[]> {
  await take(a, files.a);
  await take(b, files.b);
  const { total, differences } = await compareManifests(files.a, files.b, options);
  expect(total).toBe(differences.length);
  return differences.map(({ path, what }) => `${path}: ${what}`);
}

describe('two trees', () => {
  /** Two equal trees, with a look at each. */
  beforeEach(async () => {
    const lab = folder();
    a = join(lab, 'a');
    mkdirSync(a);
    await growNastyTree(a, { files: 120 });
    b = join(lab, 'b');
    run('cp', ['-a', a, b]);
    files = { a: join(lab, 'manifest-a'), b: join(lab, 'manifest-b') };
  });

  test('that are copies of each other do not differ', async () => {
    expect(await compared()).toEqual([]);
  });

  // F83
  test('that differ in one bit are found out, with size and mtime alike', async () => {
    const path = join(b, 'many/0/note-96.md');
    const before = statSync(path, { bigint: true });
    const at = randomInt(Number(before.size));
    const fd = openSync(path, 'r+');
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, at);
    writeSync(fd, Buffer.of((byte[0] ?? 0) ^ (1 << randomInt(8))), 0, 1, at);
    closeSync(fd);
    run('touch', ['-r', join(a, 'many/0/note-96.md'), path]);
    expect(statSync(path, { bigint: true })).toMatchObject({ size: before.size, mtimeNs: before.mtimeNs });
    expect(await compared()).toEqual([
      expect.stringMatching(/^many\/0\/note-96\.md: sha256 [0-9a-f]{64} expected, [0-9a-f]{64} found$/),
    ]);
  });

  test('that differ in one field are told that field and both values', async () => {
    chmodSync(join(b, 'binary'), 0o4600);
    truncateSync(join(b, 'empty-file'), 3);
    run('touch', ['-d', '@1700000000.123456789', join(b, 'empty-file')]);
    run('touch', ['-d', '@-1.5', join(b, 'empty-folder')]);
    lutimesSync(join(b, 'links/loop'), 1_600_000_000, 1_600_000_000);
    const told = await compared();
    expect(told).toHaveLength(4);
    expect(told[0]).toBe('binary: mode 0644 expected, 4600 found');
    expect(told[1]).toMatch(
      /^empty-file: size 0 expected, 3 found; mtime \d+\.\d{9} expected, 1700000000\.123456789 found; sha256 e3b0\S+ expected, 709e\S+ found$/,
    );
    expect(told[2]).toMatch(/^empty-folder: mtime \d+\.\d{9} expected, -2\.500000000 found$/);
    expect(told[3]).toMatch(/^links\/loop: mtime /);
  });

  test('of which one has more are told what is missing and what is extra, in printable names', async () => {
    unlinkSync(join(b, 'names', 'new\nline'));
    writeFileSync(join(b, 'names', '\u001b[2J'), '');
    run('touch', ['-r', join(a, 'names'), join(b, 'names')]);
    expect(await compared()).toEqual(['names/\\x1b[2J: extra', 'names/new\\nline: missing']);
  });

  test('with another kind of thing under a name are told the kinds only', async () => {
    rmSync(join(b, 'binary'));
    symlinkSync('empty-file', join(b, 'binary'));
    rmSync(join(b, 'links', 'dangling'));
    symlinkSync('else\nwhere', join(b, 'links', 'dangling'));
    run('touch', ['-h', '-r', join(a, 'links', 'dangling'), join(b, 'links', 'dangling')]);
    run('touch', ['-r', join(a, 'links'), join(b, 'links')]);
    expect(await compared()).toEqual([
      'binary: type file expected, symlink found',
      'links/dangling: symlink to nowhere expected, else\\nwhere found',
    ]);
  });

  // F67
  test('of which one has lost a hard link are told so', async () => {
    const path = join(b, 'links', 'sub', 'hard too');
    const content = readFileSync(path);
    rmSync(path);
    writeFileSync(path, content);
    run('touch', ['-r', join(a, 'links', 'sub', 'hard too'), path]);
    run('touch', ['-r', join(a, 'links', 'sub'), join(b, 'links', 'sub')]);
    expect(await compared()).toEqual(['links/sub/hard too: hard link to links/file expected, nothing found']);
  });

  test('are compared with what is expected of the first', async () => {
    chmodSync(join(b, 'binary'), 0o600);
    rmSync(join(b, 'sparse'));
    run('touch', ['-d', '@1', join(b, 'empty-file')]);
    const reconciled = (entry: Entry): Entry | null => {
      if (entry.path.equals(Buffer.from('sparse'))) return null;
      return entry.path.equals(Buffer.from('binary')) ? { ...entry, mode: 0o600 } : entry;
    };
    const ignore = (entry: Entry) => (entry.path.equals(Buffer.from('empty-file')) ? (['mtimeNs'] as const) : []);
    expect(await compared({ expect: reconciled, ignore })).toEqual([]);
    expect(await compared({ expect: reconciled })).toHaveLength(1);
    const moved = (entry: Entry): Entry => ({ ...entry, path: Buffer.from('elsewhere') });
    await expect(compareManifests(files.a, files.b, { expect: moved })).rejects.toThrow(TypeError);
  });

  test('that have nothing in common are a count and a hundred examples', async () => {
    await take(a, files.a);
    await take(folder(), files.b);
    const entries = await collect(readManifest(files.a));
    const { total, differences } = await compareManifests(files.a, files.b);
    expect(total).toBe(entries.length);
    expect(differences).toHaveLength(100);
    expect(differences.every(({ what }) => what === 'missing')).toBe(true);
  });
});

test('whatever is in two manifests, a comparison finds what two maps find', async () => {
  const lab = folder();
  const NAMES = fc.uniqueArray(fc.stringMatching(/^[a-c-]{1,3}(?:\/[a-c-]{1,2})?$/), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(NAMES, NAMES, async (left, right) => {
      writeManifest(join(lab, 'left'), left);
      writeManifest(join(lab, 'right'), right);
      const { differences } = await compareManifests(join(lab, 'left'), join(lab, 'right'));
      const missing = left.filter((name) => !right.includes(name)).map((path) => ({ path, what: 'missing' }));
      const extra = right.filter((name) => !left.includes(name)).map((path) => ({ path, what: 'extra' }));
      expect(differences).toEqual([...missing, ...extra].toSorted((x, y) => (x.path < y.path ? -1 : 1)));
    }),
    { numRuns: 150 },
  );
});

test('a manifest file that is torn anywhere is refused', async () => {
  const lab = folder();
  const file = join(lab, 'm');
  writeManifest(file, ['a', 'b']);
  const whole = readFileSync(file);
  expect(await collect(readManifest(file))).toHaveLength(2);
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length));
    await expect(collect(readManifest(file))).rejects.toMatchObject({ problem: { code: 'answer-malformed' } });
  }
  await expect(collect(readManifest(join(lab, 'none')))).rejects.toMatchObject({ code: 'ENOENT' });
});

function writeManifest(file: string, names: readonly string[]): void {
  const facts = {
    mode: 0o644,
    size: 1,
    mtimeNs: 1n,
    link: null,
    hash: null,
    hardlink: null,
    ino: '1',
    ctimeNs: 1n,
    nlink: 1,
  };
  const paths = names.map((name) => Buffer.from(name)).toSorted((x, y) => Buffer.compare(x, y));
  const entries = paths.map((path) => encode({ type: 'file', path, ...facts }));
  writeFileSync(
    file,
    Buffer.concat([encode({ type: 'head' }), ...entries, encode({ type: 'end', entries: names.length })]),
  );
}
