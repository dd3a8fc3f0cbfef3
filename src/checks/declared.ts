import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Root } from '../core/plan.ts';
import type { RunFolder } from '../core/step.ts';
import { printable } from '../host/printable.ts';
import { changesFile, readChanges } from '../walk/declared-changes.ts';

/** What reconcile has declared to change in contents and links of one root, apart from modes, which follow from a rule. */
export class Declared {
  readonly #changes = new Map<string, { sizeBytes: number | null; link: Buffer | null; sha256: string | null }>();
  readonly #added = new Set<string>();
  /** Directories in which something was replaced, hex. */
  readonly #folders = new Set<string>();

  /** Reads the list in the run's folder; empty where reconcile had nothing to do. Read-only. */
  static async read(run: RunFolder, root: Root): Promise<Declared> {
    const declared = new Declared();
    for await (const change of readChanges(changesFile(run, root))) {
      if (change.kind === 'mode') continue;
      const isFile = change.kind !== 'link';
      if (change.kind === 'added') declared.#added.add(Buffer.from(change.path, 'base64').toString('hex'));
      declared.#add(Buffer.from(change.path, 'base64'), {
        sizeBytes: isFile ? change.sizeBytes : null,
        sha256: isFile ? change.sha256 : null,
        link: isFile ? null : Buffer.from(change.is, 'base64'),
      });
    }
    return declared;
  }

  /** The new size (bytes) or link target of an entry; undefined for one whose content stays. */
  of(path: Buffer): { sizeBytes: number | null; link: Buffer | null } | undefined {
    return this.#changes.get(path.toString('hex'));
  }

  /** Is this a file that was not there before? */
  isAdded(path: Buffer): boolean {
    return this.#added.has(path.toString('hex'));
  }

  /** Was this entry replaced, or something directly in it? */
  touches(path: Buffer): boolean {
    const key = path.toString('hex');
    return this.#changes.has(key) || this.#folders.has(key);
  }

  /** Printable names of rewritten files that do not have the content they were given. */
  async wrongContents(root: Root): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const [hex, { sha256 }] of this.#changes) {
      if (sha256 === null) continue;
      const path = Buffer.from(hex, 'hex');
      if ((await sha256Of(Buffer.concat([Buffer.from(`${root.stagingPath}/`), path]))) !== sha256)
        wrong.push(printable(path));
    }
    return wrong;
  }

  #add(path: Buffer, change: { sizeBytes: number | null; link: Buffer | null; sha256: string | null }): void {
    this.#changes.set(path.toString('hex'), change);
    const slash = path.lastIndexOf(0x2f);
    if (slash > 0) this.#folders.add(path.subarray(0, slash).toString('hex'));
  }
}

/** Null where there is no such file. */
async function sha256Of(file: Buffer): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return hash.digest('hex');
}
