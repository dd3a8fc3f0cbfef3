import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { cutoverOrder, staged, startFollowing, type Following } from '../kit/following.ts';
import { acknowledged } from '../kit/hub.ts';
import { listTree } from '../kit/listing.ts';
import { memoryRows } from '../kit/memory-rows.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { inDatabase, rowsIn } from '../sqlite/databases.ts';

/** The time that some files have, and have still after they were rewritten. */
const THEN = new Date('2024-05-06T07:08:09Z');
const HALF = '{"id":2,"te';
const ROWS = `db.exec('CREATE TABLE IF NOT EXISTS notes (text TEXT)');
  for (let n = 0; n < 300; n += 1) db.prepare('INSERT INTO notes VALUES (?)').run('x'.repeat(400));`;
const KILLED = `require('node:fs').writeSync(1, 'null'); process.reallyExit(0);`;

let lab: TempLab;
let following: Following;
let verdict: Verdict;
let torn: string[] = [];

const old = (...names: string[]): string => join(lab.state.stateDir, ...names);
const fresh = (...names: string[]): string => join(lab.new.home, '.smart-agent-neo', ...names);

/** Of a session that nobody speaks in now. */
const transcript = (): string => `agents/ops/sessions/${lab.state.sessions.ops[0] ?? ''}.jsonl`;

/** Other bytes, and the size and time that it had. */
function rewriteUnseen(name: string, text: string): void {
  writeFileSync(old(name), text);
  utimesSync(old(name), THEN, THEN);
}

function makeDatabase(name: string, code: string): void {
  mkdirSync(dirname(old(name)), { recursive: true });
  inDatabase(old(name), code);
}

function unfinished(events: readonly Event[]): string[] {
  return events.flatMap((event) =>
    event.type === 'run.warned' && event.problem.code === 'line-unfinished' ? [event.problem.message] : [],
  );
}

async function storm(): Promise<void> {
  mkdirSync(old('workspace/storm/a/b'), { recursive: true });
  writeFileSync(old('workspace/storm/turns'), 'a file');
  for (let n = 0; n < 60; n += 1) {
    const name = old('workspace/storm', `file-${n}`);
    writeFileSync(`${name}.tmp`, String(n));
    renameSync(`${name}.tmp`, name);
    writeFileSync(old('workspace/storm', `short-lived-${n}`), 'x');
    const [one, other] = [old('workspace/storm/a'), old('workspace/storm/z')];
    renameSync(...(n % 2 === 0 ? ([one, other] as const) : ([other, one] as const)));
    rmSync(old('workspace/storm/turns'), { recursive: true });
    if (n % 2 === 0) mkdirSync(old('workspace/storm/turns'));
    else writeFileSync(old('workspace/storm/turns'), `a file again, ${n}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    rmSync(old('workspace/storm', `short-lived-${n}`));
  }
}

beforeAll(async () => {
  lab = await makeTempLab({ runsAs: 'service', sessions: 5, workspaceFiles: 1200 });
  for (const name of ['media/early', 'media/late']) rewriteUnseen(name, 'before');
  // Ended without being closed: what was committed is in the log alone.
  makeDatabase('plugins/own/notes.sqlite', `db.exec('PRAGMA journal_mode = WAL'); ${ROWS} ${KILLED}`);
  following = await startFollowing(lab, {
    limits: { hardDowntimeMs: 60_000 },
    onEvent(event) {
      if (event.type === 'step.applied' && event.step === 'last-delta') rewriteUnseen('media/late', 'after!');
    },
  });
  await staged(lab, 'plugins/own/notes.sqlite-wal');
  await storm();
  rewriteUnseen('media/early', 'after!');
  // Closed cleanly, its log goes into the file; another one is left in the middle of a transaction.
  makeDatabase('plugins/own/notes.sqlite', `${ROWS} db.exec('PRAGMA journal_mode = DELETE'); db.close();`);
  makeDatabase(
    'workspace/hot',
    `db.exec('PRAGMA cache_size = 1; PRAGMA synchronous = OFF'); ${ROWS} db.exec("BEGIN; UPDATE notes SET text = zeroblob(9000)"); ${KILLED}`,
  );
  appendFileSync(old(transcript()), HALF);
  await following.caughtUp();
  torn = unfinished(following.events);
  expect(await following.order(cutoverOrder())).toMatchObject({ ok: true });
  verdict = await following.ended;
}, 120_000);
afterAll(async () => {
  await following.end();
  await lab.destroy();
});

describe('a move by following and cutover, with everything written to until the end', () => {
  it('succeeds, within its hard budget', () => {
    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0, problem: null });
    expect(lab.running('old')).toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
  });

  it('loses no row of the live database and no line of a transcript that was acknowledged (F79, F80)', () => {
    const acks = acknowledged(lab.old.ackFile);
    const rows = acks.flatMap((ack) => ('row' in ack ? [ack.row] : []));
    const lines = acks.flatMap((ack) => ('line' in ack ? [ack] : []));
    const last = lines.at(-1);
    expect(rows.length).toBeGreaterThan(20);
    expect(memoryRows(fresh())).toBeGreaterThanOrEqual(Math.max(...rows));
    const text = readFileSync(last?.file.replace(lab.old.home, lab.new.home) ?? '', 'utf8');
    const missing = lines.filter(({ line, file }) => file === last?.file && !text.includes(`"id":${String(line)},`));
    expect(missing).toEqual([]);
  });

  it('brings no log that was staged and is gone since, and every hot journal (F81, F82)', () => {
    expect(existsSync(fresh('plugins/own/notes.sqlite-wal'))).toBe(false);
    expect(rowsIn(fresh('plugins/own/notes.sqlite'), 'SELECT count(*) AS n FROM notes')).toEqual([{ n: 600 }]);
    expect(statSync(fresh('workspace/hot-journal')).size).toBeGreaterThan(0);
    const rows = rowsIn(fresh('workspace/hot'), 'SELECT count(*) AS n, max(length(text)) AS l FROM notes');
    expect(rows).toEqual([{ n: 300, l: 400 }]);
  });

  it('misses no file that was rewritten with its size and time, before the last pass or right after it (F83)', () => {
    expect(readFileSync(fresh('media/early'), 'utf8')).toBe('after!');
    expect(readFileSync(fresh('media/late'), 'utf8')).toBe('after!');
    const notices = following.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices.join('\n')).toMatch(/files? (was|were) rewritten without a change of size or time/);
  });

  it('has what storms of renames, turns of files into directories and files of a moment have left (F84, F85, F86)', () => {
    expect([...listTree(fresh('workspace/storm'))]).toEqual([...listTree(old('workspace/storm'))]);
    expect(readdirSync(fresh('workspace/storm')).filter((name) => /short-lived|tmp/.test(name))).toEqual([]);
  });

  it('moves half a line as it is, and tells of it only once the gateway is stopped', () => {
    expect(torn).toEqual([]);
    expect(unfinished(following.events)).toEqual([expect.stringContaining(transcript())]);
    expect(readFileSync(fresh(transcript()), 'utf8')).toBe(readFileSync(old(transcript()), 'utf8'));
    expect(readFileSync(fresh(transcript()), 'utf8').endsWith(HALF)).toBe(true);
  });
});
