import { readdirSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { World } from '../../src/core/step.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { Tripwire } from '../contracts/tripwire.ts';
import { tempFolder } from './temp-folder.ts';

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // That of the listing itself, which is over.
    }
  });
}

it.each(['before', 'after'] as const)('a tripwire leaves no file open where it cuts %s an opening', async (when) => {
  const path = join(await tempFolder(), 'file');
  const host = new LocalHost({ label: 'here', env: {} });
  const world: World = {
    ...{ old: host, new: host, clock: systemClock, signal: new AbortController().signal },
    emit: () => Promise.resolve(),
    run: { id: 'run', path },
  };
  const opening = new Tripwire({ at: 1, when }).around(world, async () => {
    await open(path, 'w');
  });
  await expect(opening).rejects.toThrow('EIO');
  expect(isOpen(path)).toBe(false);
});

it('a file that is open is seen', async () => {
  const path = join(await tempFolder(), 'file');
  const handle = await open(path, 'w');
  expect(isOpen(path)).toBe(true);
  await handle.close();
});
