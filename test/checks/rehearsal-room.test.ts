import { expect, it } from 'vitest';
import { rehearsalRoom } from '../../src/checks/rehearsal-room.ts';
import { absent, dirFacts } from './facts.ts';

it('a rehearsal wants room for everything twice, all of it on the file system of the state', async () => {
  const old = dirFacts('/home/al/.smart-agent-neo', { bytes: 1_000_000, entries: 100 });
  const needBytes = 1_100_000 + 100 * 4096;
  const at = (path: string, device: string, freeBytes: number) => {
    const place = absent(path);
    return { ...place, parent: { ...place.parent, path, device, freeBytes, freeInodes: null } };
  };
  const found = async (stateFree: number, otherFree: number) => {
    const state = { old, new: at('/home/bo/.smart-agent-neo', '1', stateFree) };
    const work = { old, new: at('/srv/work', '2', otherFree) };
    return (await rehearsalRoom({ dirs: [state, work] }, [])).map(({ code, message }) => [code, message]);
  };
  expect(await found(3 * needBytes + 1, needBytes)).toEqual([]);
  expect(await found(3 * needBytes, needBytes)).toEqual([
    ['disk-too-small', expect.stringMatching(/^A rehearsal needs room for everything twice\./)],
  ]);
});
