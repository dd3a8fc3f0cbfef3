import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Root } from '../core/plan.ts';
import type { RunFolder } from '../core/step.ts';

/** One thing that reconcile declares to change, with how it was; paths are relative to the root, base64 of their bytes. */
export type Change =
  | { readonly kind: 'mode'; readonly path: string; readonly was: number; readonly is: number }
  | { readonly kind: 'link'; readonly path: string; readonly was: string; readonly is: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      /** Name of the original in the run's undo folder. */
      readonly original: string;
      /** Name of what it becomes there, where that was made beforehand; without it the original is rewritten. */
      readonly ready?: string;
      /** Name of the list there of what was rewritten in it. */
      readonly told?: string;
      /** Names of variables that were added to it. */
      readonly carried?: readonly string[];
      readonly mode: number;
      readonly mtimeNs: string;
      /** What the rewritten content will be: size in bytes and SHA-256 in hex. */
      readonly sizeBytes: number;
      readonly sha256: string;
    }
  /** A file that was not there; an undo removes it. */
  | {
      readonly kind: 'added';
      readonly path: string;
      readonly ready: string;
      readonly carried: readonly string[];
      readonly mode: number;
      readonly mtimeNs: string;
      readonly sizeBytes: number;
      readonly sha256: string;
    };

/** Writes the list whole or not at all: it appears under its name only when every line is on the disk. */
export async function writeChanges(file: string, changes: AsyncIterable<Change>): Promise<void> {
  const draft = `${file}.draft`;
  const handle = await open(draft, 'w', 0o600);
  try {
    let lines: string[] = [];
    for await (const change of changes) {
      lines.push(JSON.stringify(change));
      if (lines.length < 1000) continue;
      await handle.write(`${lines.join('\n')}\n`);
      lines = [];
    }
    if (lines.length > 0) await handle.write(`${lines.join('\n')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

/** Reads the list line by line; nothing when there is none. */
export async function* readChanges(file: string): AsyncGenerator<Change> {
  const stream = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) yield JSON.parse(line) as Change;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Where the list of what reconcile changed in a root lies. */
export function changesFile(run: RunFolder, root: Root): string {
  return join(undoFolder(run, root), 'changes.ndjson');
}

/** Where the originals of what reconcile rewrites in a root are kept. */
export function undoFolder(run: RunFolder, root: Root): string {
  return join(run.path, 'undo-new', `reconcile-${root.id}`);
}
