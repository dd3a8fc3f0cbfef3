import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runOk } from '../../src/host/run.ts';
import { RSYNC, twoPlaces, type TwoPlaces } from './two-places.ts';

const SIZE = 256 * 1024 * 1024;

let places: TwoPlaces;
beforeEach(async () => (places = await twoPlaces()));
afterEach(() => places.remove());

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return (performance.now() - startedMs) / 1000;
}

describe('throughput', () => {
  it('is printed beside that of a plain local rsync, and asserted nowhere: machines differ', async () => {
    const plain = join(places.folder, 'plain');
    await writeFile(join(places.tree, 'big'), randomBytes(SIZE));
    await mkdir(plain);
    const rsync = [RSYNC.path, '-rlptH', '--', `${places.tree}/`, `${plain}/`];
    const local = await seconds(() => runOk(places.local, rsync));
    await rm(plain, { recursive: true });
    const bridged = await seconds(() => places.pull());
    const rate = (took: number) => `${Math.round(SIZE / took / 1024 / 1024)} MiB/s`;
    process.stdout.write(`256 MiB: through the bridge ${rate(bridged)}, plain local rsync ${rate(local)}\n`);
    expect((await places.pull()).files).toBe(0);
  });
});
