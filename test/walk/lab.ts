import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { type ManifestOptions, type ManifestSummary, takeManifest } from '../../src/walk/manifest.ts';

/** A machine to walk on. */
export const MACHINE = new LocalHost({ label: 'the old machine', env: { PATH: process.env['PATH'] ?? '', HOME: '/' } });

/** Takes a manifest as the checks do: everything is hashed and nothing left out, unless told otherwise. */
export function take(root: string, outFile: string, options: Partial<ManifestOptions> = {}): Promise<ManifestSummary> {
  const signal = new AbortController().signal;
  const plain = { excludes: [], room: 'workspace', workspaces: [], hash: true } as const;
  return takeManifest(MACHINE, {
    node: process.execPath,
    root,
    outFile,
    ...plain,
    signal,
    clock: systemClock,
    ...options,
  });
}

/** Puts a shell script in the place of Node, as a machine that is not trusted may. */
export function nodeThat(folder: string, script: string): string {
  const path = join(folder, 'node');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
