import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { databasesSound } from '../../src/checks/databases-sound.ts';
import { takeOf } from '../../src/checks/manifests.ts';
import type { Problem } from '../../src/core/problem.ts';
import { LocalHost } from '../../src/host/local.ts';
import { inDatabase, rowsIn, withoutSqlite } from '../sqlite/databases.ts';
import { stagedState, type Staged } from '../steps/staged.ts';
import { listTree } from '../kit/listing.ts';

const MEMORY = 'memory/main.sqlite';
const NOTES = 'workspace/notes of the agent';
const ROWS = `db.exec('CREATE TABLE notes (n INTEGER PRIMARY KEY, text TEXT)');
  const put = db.prepare('INSERT INTO notes VALUES (?, ?)');
  const fill = (from, to) => { for (let n = from; n <= to; n += 1) put.run(n, 'x'.repeat(400)); };`;
/** Ended as a process is that is killed: nothing is closed. */
const KILLED = `require('node:fs').writeSync(1, 'null'); process.reallyExit(0);`;
const WITH_LOG = `db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0'); ${ROWS} fill(1, 200); ${KILLED}`;
const CLOSED = `${ROWS} fill(1, 200); db.close();`;
/** In the middle of a transaction that no longer fits into its cache: half of it is in the file, and only the journal knows what was there. */
const HOT = `db.exec('PRAGMA cache_size = 1; PRAGMA synchronous = OFF'); ${ROWS} db.exec('BEGIN'); fill(1, 200); db.exec('COMMIT');
  db.exec("BEGIN; UPDATE notes SET text = zeroblob(9000); DELETE FROM notes WHERE n % 3 = 0;"); ${KILLED}`;

async function staged(databases: Readonly<Record<string, string>>): Promise<Staged> {
  return stagedState({
    oldHome: '/home/olga',
    newHome: '/home/nick',
    furnish(staging) {
      rmSync(join(staging, MEMORY), { force: true });
      for (const [name, code] of Object.entries(databases)) {
        mkdirSync(dirname(join(staging, name)), { recursive: true });
        inDatabase(join(staging, name), code);
      }
    },
  });
}

async function check({ plan, world }: Staged): Promise<readonly Problem[]> {
  const [root] = plan.roots;
  if (!root) throw new Error('no root');
  await takeOf(world, plan, { root, tree: 'staged', hash: true });
  return databasesSound(plan).run(world);
}

/** Over the middle of a file, as a disk does that loses a block. */
function spoil(file: string): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, 3 * 4096);
  closeSync(handle);
}

describe('the check of every database in the copy', () => {
  it('takes in the log and a hot journal on a copy, and writes nothing where they lie (F80, F82)', async () => {
    const at = await staged({ [MEMORY]: WITH_LOG, [NOTES]: HOT });
    expect(statSync(join(at.staging, `${MEMORY}-wal`)).size).toBeGreaterThan(0);
    expect(statSync(join(at.staging, `${NOTES}-journal`)).size).toBeGreaterThan(0);
    const before = listTree(at.staging);
    expect(await check(at)).toEqual([]);
    expect(listTree(at.staging)).toEqual(before);
    // What a gateway finds that opens them.
    expect(rowsIn(join(at.staging, NOTES), 'SELECT count(*) AS n, max(length(text)) AS l FROM notes')).toEqual([
      { n: 200, l: 400 },
    ]);
  });

  it('finds the one that lacks its hot journal (F82)', async () => {
    const at = await staged({ [NOTES]: HOT });
    rmSync(join(at.staging, `${NOTES}-journal`));
    expect(await check(at)).toMatchObject([{ code: 'database-damaged' }]);
  });

  it('names what is damaged in whatever root and by whatever name, and how to mend it or leave it behind', async () => {
    const at = await staged({ [MEMORY]: CLOSED, [NOTES]: CLOSED });
    spoil(join(at.staging, NOTES));
    writeFileSync(join(at.staging, 'cut.sqlite'), readFileSync(join(at.staging, MEMORY)).subarray(0, 5000));
    writeFileSync(join(at.staging, 'words.sqlite'), 'no database, whatever it is called\n');
    const problems = await check(at);
    expect(problems.map(({ code, message }) => [code, message.split(' is damaged')[0]])).toEqual([
      ['database-damaged', '/home/olga/.smart-agent-neo/cut.sqlite'],
      ['database-damaged', '/home/olga/.smart-agent-neo/workspace/notes of the agent'],
    ]);
    expect(problems[1]).toMatchObject({ stops: true });
    expect(problems[1]?.hint).toContain("--exclude '/workspace/notes of the agent*'");
  });

  it('says of each that it was not checked where nothing on this machine reads one', async () => {
    const at = await staged({ [MEMORY]: CLOSED });
    const gateway = { ...at.plan.new.gateway, node: withoutSqlite() };
    const host = new LocalHost({ label: 'this machine', env: { PATH: '/nonexistent' } });
    const bare = { ...at, plan: { ...at.plan, new: { ...at.plan.new, gateway } }, world: { ...at.world, new: host } };
    const [found, ...more] = await check(bare);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ code: 'database-unchecked', stops: false });
    expect(found?.message).toMatch(/main\.sqlite is sound, because neither the Node/);
    expect(found?.hint).toContain('sqlite3');
  });
});
