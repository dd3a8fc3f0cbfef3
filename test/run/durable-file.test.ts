import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DurableFile, type AppendHandle } from '../../src/run/durable-file.ts';
import { tempFolder } from './temp-folder.ts';

type Call = 'write' | 'datasync' | 'truncate';

/** A real file on a disk that fails at calls of our choice; a failing write still writes half of what it got. */
async function frailFile(path: string, fails: (call: Call, nth: number) => boolean): Promise<DurableFile> {
  const handle = await open(path, 'w+');
  onTestFinished(() => handle.close());
  let nth = 0;
  const check = (call: Call): void => {
    nth += 1;
    if (fails(call, nth)) throw Object.assign(new Error(`ENOSPC: at ${call}`), { code: 'ENOSPC' });
  };
  const frail = {
    write: async (buffer: Buffer, offset: number, length: number, position: number) => {
      const written = await handle.write(buffer, offset, Math.ceil(length / 2), position);
      check('write');
      return written;
    },
    datasync: async () => {
      check('datasync');
      await handle.datasync();
    },
    truncate: async (size: number) => {
      check('truncate');
      await handle.truncate(size);
    },
    close: () => handle.close(),
  };
  return new DurableFile(frail as unknown as AppendHandle, 0);
}

const PIECES = ['one\n', 'second\n', 'the third of them\n'];

describe('a durable file', () => {
  it('grows by whole pieces though the disk takes them in halves', async () => {
    const path = join(await tempFolder(), 'f');
    const file = await frailFile(path, () => false);
    for (const piece of PIECES) await file.append(Buffer.from(piece));
    expect(await readFile(path, 'utf8')).toBe(PIECES.join(''));
  });

  // F61, F78
  it('is as it was after an append that failed, at whichever call, and goes on', async () => {
    for (let failing = 1; failing <= 20; failing += 1) {
      const path = join(await tempFolder(), 'f');
      const file = await frailFile(path, (_call, nth) => nth === failing);
      const kept: string[] = [];
      for (const piece of PIECES) {
        await file.append(Buffer.from(piece)).then(
          () => kept.push(piece),
          () => undefined,
        );
        expect(await readFile(path, 'utf8')).toBe(kept.join(''));
      }
      expect(kept.length).toBeGreaterThanOrEqual(PIECES.length - 1);
    }
  });

  it('refuses to go on when it could not be put back', async () => {
    const path = join(await tempFolder(), 'f');
    let disk: 'well' | 'ill' = 'well';
    const file = await frailFile(path, () => disk === 'ill');
    await file.append(Buffer.from('one\n'));
    disk = 'ill';
    await expect(file.append(Buffer.from('two\n'))).rejects.toThrow('ENOSPC: at write');
    disk = 'well';
    await expect(file.append(Buffer.from('three\n'))).rejects.toThrow('ENOSPC: at truncate');
  });
});
