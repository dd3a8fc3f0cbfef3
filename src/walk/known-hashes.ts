import { open, rename, rm } from 'node:fs/promises';
import type { Entry } from './entry.ts';
import { pairsOf, readManifest } from './manifest.ts';
import { Receiver } from './receiver.ts';
import { encode } from './record.ts';

/** So much before the newest change that a manifest knows of, files are read again: they may have changed while it was taken. */
const MARGIN_NS = 10_000_000_000n;
const CHUNK_BYTES = 256 * 1024;

/**
 * From when on files have to be read again, by their ctime, given what a manifest knows; null where there is no such manifest or it is of
 * no use. Only a matter of speed: what is taken from a manifest is decided by `fillHashes`.
 */
export async function hashFrom(knownFile: string): Promise<string | null> {
  let newest: bigint | null = null;
  try {
    for await (const { ctimeNs } of readManifest(knownFile)) if (newest === null || ctimeNs > newest) newest = ctimeNs;
  } catch {
    return null;
  }
  return newest === null || newest <= MARGIN_NS ? null : String(newest - MARGIN_NS);
}

/**
 * Writes a manifest with the hashes that another one knows: of a file that is still the same one (path, inode, ctime, size, mtime), the content
 * is the same too, for nothing can change it without changing its ctime. Resolves with the sum over the comparable part of all records, as
 * `takeManifest` gives it; null, and nothing is written, where a file has a hash in neither.
 */
export async function fillHashes(
  factsFile: string,
  { knownFile, outFile }: { knownFile: string; outFile: string },
): Promise<string | null> {
  const partial = `${outFile}.partial`;
  const receiver = new Receiver([]);
  await rm(partial, { force: true });
  const file = await open(partial, 'wx', 0o600);
  try {
    let [waiting, bytes]: [Buffer[], number] = [[encode({ type: 'head' })], 0];
    const flush = async (): Promise<void> => {
      const chunk = Buffer.concat(waiting);
      receiver.take(chunk);
      await file.writeFile(chunk);
      [waiting, bytes] = [[], 0];
    };
    let entries = 0;
    for await (const { expected: known, found } of pairsOf(readManifest(knownFile), readManifest(factsFile))) {
      if (found === null) continue;
      const entry = withHash(found, known);
      if (entry === null) return null;
      const record = encode(entry);
      waiting.push(record);
      entries += 1;
      bytes += record.length;
      if (bytes >= CHUNK_BYTES) await flush();
    }
    waiting.push(encode({ type: 'end', entries }));
    await flush();
    await file.sync();
    await rename(partial, outFile);
    return receiver.summary().sha256;
  } finally {
    await file.close();
    await rm(partial, { force: true });
  }
}

function withHash(found: Entry, known: Entry | null): Entry | null {
  if (found.type !== 'file' || found.hash !== null) return found;
  const isSame =
    known?.type === 'file' &&
    known.ino === found.ino &&
    known.ctimeNs === found.ctimeNs &&
    known.size === found.size &&
    known.mtimeNs === found.mtimeNs;
  return isSame && known.hash !== null ? { ...found, hash: known.hash } : null;
}
