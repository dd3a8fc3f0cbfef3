import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Root } from '../../src/core/plan.ts';
import { filesBefore, putFilesBack, putFilesInPlace, type FilesBefore } from '../../src/steps/swap-files.ts';
import { samplePlan } from '../cli/sample.ts';
import { inDatabase, rowsIn } from '../sqlite/databases.ts';

const NAMES = ['own.db', 'own.db-wal', 'own.db-journal', 'note.txt'];
/** A gateway that ended without closing: what it wrote lies beside the database. */
const OPEN_END = `require('node:fs').writeSync(1, 'null'); process.reallyExit(0);`;

let root: Root & { readonly files: readonly string[] };
let kept = '';

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'np-swap-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [first] = samplePlan().roots;
  if (!first) throw new Error('a sample without roots');
  const at = (name: string): string => join(folder, name);
  const paths = { livePath: at('live'), stagingPath: at('in/own.staging'), parkedPath: at('in/own.parked') };
  root = { ...first, ...paths, id: 'files-1', files: NAMES, filesInPlace: [] };
  kept = at('in/own.kept');
  for (const path of [paths.livePath, paths.stagingPath]) mkdirSync(path, { recursive: true });
  row(join(root.stagingPath, 'own.db'), 'from the old machine', 'db.close();');
  writeFileSync(join(root.stagingPath, 'note.txt'), 'old');
});

function row(file: string, text: string, end: string): void {
  inDatabase(
    file,
    `db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE IF NOT EXISTS t (x TEXT)');
    db.prepare('INSERT INTO t VALUES (?)').run(${JSON.stringify(text)}); ${end}`,
  );
}

const rows = (file: string): unknown[] => rowsIn(file, 'SELECT x FROM t').map((one) => (one as { x: string }).x);
const listed = (path: string): string[] => readdirSync(path).sort();

/** Put in place, and written to by a gateway that was killed. */
async function moved(): Promise<FilesBefore> {
  const before = await filesBefore(root);
  await putFilesInPlace(root, before);
  row(join(root.livePath, 'own.db'), 'by the new gateway', OPEN_END);
  expect(listed(root.livePath)).toEqual(['note.txt', 'own.db', 'own.db-shm', 'own.db-wal']);
  return before;
}

describe('a database that moves as a single file', () => {
  it('is taken away with what the new gateway wrote beside it, where there was none', async () => {
    const before = await moved();
    await putFilesBack(root, before, kept);
    await putFilesBack(root, before, kept);
    expect(listed(root.livePath)).toEqual([]);
    expect(listed(kept)).toEqual(['note.txt', 'own.db', 'own.db-shm', 'own.db-wal']);
    expect(rows(join(kept, 'own.db'))).toEqual(['from the old machine', 'by the new gateway']);
  });

  it('is parked and brought back as one with what lay beside it here', async () => {
    row(join(root.livePath, 'own.db'), 'of this machine', OPEN_END);
    const was = new Map(listed(root.livePath).map((name) => [name, readFileSync(join(root.livePath, name))]));
    expect([...was.keys()]).toEqual(['own.db', 'own.db-shm', 'own.db-wal']);
    const before = await filesBefore(root);
    await putFilesInPlace(root, before);
    expect(listed(root.livePath)).toEqual(['note.txt', 'own.db']);
    expect(rows(join(root.livePath, 'own.db'))).toEqual(['from the old machine']);
    row(join(root.livePath, 'own.db'), 'by the new gateway', OPEN_END);
    await putFilesBack(root, before, kept);
    await putFilesBack(root, before, kept);
    expect(listed(root.livePath)).toEqual([...was.keys()]);
    for (const [name, bytes] of was) expect(readFileSync(join(root.livePath, name)).equals(bytes)).toBe(true);
    expect(rows(join(root.livePath, 'own.db'))).toEqual(['of this machine']);
    expect(rows(join(kept, 'own.db'))).toEqual(['from the old machine', 'by the new gateway']);
  });

  it('leaves no shared memory in staging, from where it would come to the next copy', async () => {
    const before = await moved();
    await putFilesBack(root, before, root.stagingPath);
    expect(listed(root.stagingPath)).toEqual(['note.txt', 'own.db', 'own.db-wal']);
    writeFileSync(join(root.stagingPath, 'own.db-shm'), 'of another life');
    await putFilesInPlace(root, await filesBefore(root));
    expect(listed(root.livePath)).not.toContain('own.db-shm');
  });

  it('that is gone on the old machine gives way to the one of before, whatever was made in its place', async () => {
    rmSync(join(root.stagingPath, 'own.db'));
    row(join(root.livePath, 'own.db'), 'of this machine', 'db.close();');
    const before = await filesBefore(root);
    await putFilesInPlace(root, before);
    row(join(root.livePath, 'own.db'), 'by the new gateway', OPEN_END);
    await putFilesBack(root, before, kept);
    expect(listed(root.livePath)).toEqual(['own.db']);
    expect(rows(join(root.livePath, 'own.db'))).toEqual(['of this machine']);
    expect(rows(join(kept, 'own.db'))).toEqual(['by the new gateway']);
  });

  it('is left as it is where nothing was put in place yet, and so is what lies beside it', async () => {
    const before = await filesBefore(root);
    writeFileSync(join(root.livePath, 'own.db-wal'), 'of somebody else');
    await putFilesBack(root, before, kept);
    expect(listed(root.livePath)).toEqual(['own.db-wal']);
    expect(listed(root.stagingPath)).toEqual(['note.txt', 'own.db']);
  });

  it('is taken back by a journal of before that knew of the files alone', async () => {
    const { missing, files } = await moved();
    const known = Object.fromEntries(Object.entries(files).filter(([name]) => NAMES.includes(name)));
    await putFilesBack(root, { missing, files: known }, kept);
    expect(listed(root.livePath)).toEqual(['own.db-shm']);
    renameSync(join(root.livePath, 'own.db-shm'), join(kept, 'own.db-shm'));
    expect(rows(join(kept, 'own.db'))).toEqual(['from the old machine', 'by the new gateway']);
  });
});
