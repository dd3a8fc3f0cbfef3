import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { NODE_22 } from '../kit/stand-in/install.ts';

/** Runs JavaScript with an open `db` (of node:sqlite) by the Node of the gateway, and gives what it leaves in `answer`. */
export function inDatabase(file: string, code: string): unknown {
  const program = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(process.argv[1]);
    let answer = null;
    ${code}
    process.stdout.write(JSON.stringify(answer));`;
  const { status, stdout, stderr } = spawnSync(NODE_22, ['-e', program, file], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown;
}

/** The rows of a query. */
export function rowsIn(file: string, sql: string): unknown[] {
  return inDatabase(file, `answer = db.prepare(${JSON.stringify(sql)}).all(); db.close();`) as unknown[];
}

/** The Node of a gateway, of the kind that has no SQLite. */
export function withoutSqlite(): string {
  const folder = mkdtempSync(join(tmpdir(), 'np-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const node = join(folder, 'node');
  writeFileSync(node, `#!/bin/sh\nexec '${NODE_22}' --no-experimental-sqlite "$@"\n`, { mode: 0o755 });
  return node;
}
