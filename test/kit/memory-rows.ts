import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_22 } from './stand-in/install.ts';

const COUNT = `
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(process.argv[1]);
  const { quick_check } = database.prepare('PRAGMA quick_check').get();
  if (quick_check !== 'ok') throw new Error(quick_check);
  process.stdout.write(String(database.prepare('SELECT count(*) AS n FROM beats').get().n));
`;

/**
 * How many rows a stand-in gateway's memory index holds, read from a copy of the database and its `-wal`, so that nothing is
 * written beside the original. Throws when the database does not pass its own check.
 */
export function memoryRows(stateDir: string): number {
  const database = join(stateDir, 'memory/main.sqlite');
  const folder = mkdtempSync(join(tmpdir(), 'np-rows-'));
  try {
    for (const suffix of ['', '-wal']) {
      if (existsSync(database + suffix)) copyFileSync(database + suffix, join(folder, `copy${suffix}`));
    }
    const { status, stdout, stderr } = spawnSync(NODE_22, ['--no-warnings', '-e', COUNT, join(folder, 'copy')], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the memory index cannot be read: ${stderr}`);
    return Number(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
