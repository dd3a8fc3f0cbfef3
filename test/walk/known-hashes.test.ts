import { existsSync, lutimesSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillHashes, hashFrom } from '../../src/walk/known-hashes.ts';
import { readManifest } from '../../src/walk/manifest.ts';
import { growNastyTree } from '../kit/tree.ts';
import { folder } from './folder.ts';
import { take } from './lab.ts';
import { collect } from './walked.ts';

/** A moment after all that was made so far, for the margin of ten seconds would have everything read again. */
const LATER_NS = 3_600_000_000_000n;

async function filled(root: string, run: string, hashFromNs: string) {
  const [knownFile, factsFile, outFile] = [join(run, 'known'), join(run, 'facts'), join(run, 'out')];
  await take(root, factsFile, { hash: true, hashFromNs });
  const sha256 = await fillHashes(factsFile, { knownFile, outFile });
  return { sha256, outFile };
}

const later = (): string => String(BigInt(Date.now()) * 1_000_000n + LATER_NS);

describe('a manifest with the hashes that an earlier one knows', () => {
  test('is the one that a walk which reads everything takes, though no file was read', async () => {
    const [root, run] = [folder(), folder()];
    await growNastyTree(root, { files: 200 });
    const { sha256 } = await take(root, join(run, 'known'));
    const facts = join(run, 'facts');
    await take(root, facts, { hash: true, hashFromNs: later() });
    expect((await collect(readManifest(facts))).every(({ hash }) => hash === null)).toBe(true);
    const made = await filled(root, run, later());
    expect(made.sha256).toBe(sha256);
    expect(await collect(readManifest(made.outFile))).toEqual(await collect(readManifest(join(run, 'known'))));
    expect(statSync(made.outFile).mode & 0o777).toBe(0o600);
  });

  test('is none where a file was changed, though it has the size and the time that it had (F83)', async () => {
    const [root, run] = [folder(), folder()];
    writeFileSync(join(root, 'still'), 'same');
    writeFileSync(join(root, 'flipped'), 'abcd');
    const { atime, mtime } = statSync(join(root, 'flipped'));
    utimesSync(join(root, 'flipped'), atime, mtime);
    await take(root, join(run, 'known'));
    writeFileSync(join(root, 'flipped'), 'abcx');
    utimesSync(join(root, 'flipped'), atime, mtime);
    const { sha256, outFile } = await filled(root, run, later());
    expect(sha256).toBeNull();
    expect(existsSync(outFile)).toBe(false);
    expect(readdirSync(run).sort()).toEqual(['facts', 'known']);
  });

  test('has the hash of what was read again, whatever the earlier one says of it', async () => {
    const [root, run] = [folder(), folder()];
    await growNastyTree(root, { files: 50 });
    await take(root, join(run, 'known'));
    const from = await hashFrom(join(run, 'known'));
    expect(from).not.toBeNull();
    const [victim = ''] = readdirSync(root).filter((name) => statSync(join(root, name)).isFile());
    writeFileSync(join(root, victim), 'another content');
    const { sha256 } = await filled(root, run, from ?? '');
    expect(sha256).toBe((await take(root, join(run, 'whole'))).sha256);
  });

  test('is never another one than a walk which reads everything takes, whatever was done to the tree between', async () => {
    const act = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      text: fc.constantFrom('one', 'two', 'three'),
      isBackdated: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 6 }), fc.boolean(), async (acts, readsNothing) => {
        const [root, run] = [folder(), folder()];
        for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), 'one');
        await take(root, join(run, 'known'));
        for (const { name, text, isBackdated } of acts) {
          writeFileSync(join(root, name), text);
          if (isBackdated) lutimesSync(join(root, name), 1000, 1000);
        }
        const from = readsNothing ? later() : ((await hashFrom(join(run, 'known'))) ?? later());
        const { sha256 } = await filled(root, run, from);
        if (sha256 !== null) expect(sha256).toBe((await take(root, join(run, 'whole'))).sha256);
      }),
      { numRuns: 25 },
    );
  });

  test('cannot be made from what is no manifest', async () => {
    const run = folder();
    writeFileSync(join(run, 'torn'), 'neo-pull-manifest 1\0\0\0');
    expect(await hashFrom(join(run, 'torn'))).toBeNull();
    expect(await hashFrom(join(run, 'none'))).toBeNull();
  });
});
