import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A private folder for the running test, removed when it is over. */
export async function tempFolder(): Promise<string> {
  const path = await mkdtemp(join(await realpath(tmpdir()), 'np-run-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
