import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import type { Root } from '../../src/core/plan.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { startWatcher, type Watcher, type WatchOptions } from '../../src/watch/watcher.ts';

/** A machine to be followed. */
export const MACHINE: Host = new LocalHost({
  label: 'the old machine',
  env: { PATH: process.env['PATH'] ?? '', HOME: '/', LC_ALL: 'C' },
});
export const UNENDING = new AbortController().signal;

const made: string[] = [];
const watching: Watcher[] = [];

afterEach(async () => {
  await Promise.all(watching.splice(0).map((watcher) => watcher.close()));
  if (made.length > 0) spawnSync('rm', ['-rf', '--', ...made.splice(0)]);
});

/** A folder of the test's own, removed after it. Other users may look into it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'np-watch-'));
  chmodSync(path, 0o755);
  made.push(path);
  return path;
}

export function rootAt(oldPath: string, other: Partial<Root> = {}): Root {
  return {
    id: 'state',
    room: 'state',
    oldPath,
    livePath: '/live',
    stagingPath: '/staging',
    parkedPath: '/parked',
    workspaces: [],
    entries: 0,
    bytes: 0,
    liveExists: false,
    files: null,
    filesInPlace: [],
    ...other,
  };
}

/** Follows one tree, or what is said; ended after the test. */
export async function follow(root: string | Root, other: Partial<WatchOptions> = {}): Promise<Watcher> {
  const watcher = await startWatcher({
    old: MACHINE,
    node: process.execPath,
    roots: [typeof root === 'string' ? rootAt(root) : root],
    excludes: [],
    cookieDir: null,
    clock: systemClock,
    signal: UNENDING,
    ...other,
  });
  watching.push(watcher);
  return watcher;
}

/** A folder for cookies. */
export function cookieJar(): string {
  const path = join(folder(), 'ours');
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** What was told, as `path` or, told as a whole, `path/**`; one character per byte. */
export function words(watcher: Watcher): string[] {
  return watcher.take().map(({ path, subtree }) => `${path.toString('latin1')}${subtree ? '/**' : ''}`);
}

/** A Node of the test's own, by whose folder its process is found (`processesFrom`); `script` stands before its start. */
export function ownNode(script = ''): string {
  const path = join(folder(), 'node');
  writeFileSync(path, `#!/bin/sh\n${script}\nexec ${process.execPath} "$@" ${path}\n`, { mode: 0o755 });
  return path;
}

/** Runs a shell script to its end. */
export function run(script: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('sh', ['-ec', script, 'sh', ...args]);
  if (status !== 0) throw new Error(`a script failed: ${stderr.toString()}`);
}
