import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const made: string[] = [];

afterEach(() => {
  // Not by Node: it cannot remove what lies deeper than a path is long.
  if (made.length > 0) run('rm', ['-rf', '--', ...made.splice(0)]);
});

/** A folder of the test's own, removed after it. Other users may look into it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'np-walk-'));
  chmodSync(path, 0o755);
  made.push(path);
  return path;
}

/** Runs a program to its end and gives what it printed, as bytes. */
export function run(program: string, args: readonly string[], options: { cwd?: string; input?: Buffer } = {}): Buffer {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, env, maxBuffer: 256 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.toString()}`);
  return stdout;
}
