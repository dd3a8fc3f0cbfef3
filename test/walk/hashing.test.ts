import { constants, fstatSync, openSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Hashing, LANES } from '../../src/walk/hashing.ts';
import { folder } from './folder.ts';

const MIB = 1024 * 1024;

function silent(): void {
  // Most tests do not count what is read.
}

test.each([0, 1, 4096, 65_536, 65_537, 512 * 1024, 512 * 1024 + 1, 3 * MIB + 7])(
  'a file of %i bytes is hashed whole',
  async (size) => {
    const content = randomBytes(size);
    const file = join(folder(), 'file');
    writeFileSync(file, content);
    let read = 0;
    const hashing = new Hashing((bytes) => (read += bytes));
    const hash = createHash('sha256').update(content).digest('hex');
    expect(await hashing.digest(openSync(file, 'r'), size)).toEqual({ hash, size });
    expect(read).toBe(size);
  },
);

// F63
test.each([10, MIB])('a read that the system refuses is its code, and the file is closed (%i bytes)', async (size) => {
  // A directory can be opened, and every read of it fails.
  const fd = openSync(folder(), constants.O_RDONLY);
  expect(await new Hashing(silent).digest(fd, size)).toEqual({ code: 'EISDIR' });
  expect(() => fstatSync(fd)).toThrow(/EBADF/);
});

test('no more lanes are used than there are, and each is free again', async () => {
  const file = join(folder(), 'file');
  writeFileSync(file, Buffer.alloc(MIB));
  const hashing = new Hashing(silent);
  const digests = [];
  while (!hashing.full) digests.push(hashing.digest(openSync(file, 'r'), MIB));
  expect(digests).toHaveLength(LANES);
  for (const digest of digests) await digest;
  expect(hashing.full).toBe(false);
});

test('what is stopped says so and closes its file', async () => {
  const file = join(folder(), 'file');
  writeFileSync(file, Buffer.alloc(4 * MIB));
  const hashing = new Hashing(() => hashing.stop());
  const fd = openSync(file, 'r');
  expect(await hashing.digest(fd, 4 * MIB)).toEqual({ code: 'ECANCELED' });
  expect(() => fstatSync(fd)).toThrow(/EBADF/);
});
