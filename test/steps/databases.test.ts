import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyAsPlanned } from '../../src/checks/copy.ts';
import { takeOf } from '../../src/checks/manifests.ts';
import { reconcile } from '../../src/steps/reconcile.ts';
import { inDatabase, rowsIn } from '../sqlite/databases.ts';
import { stagedState, type Staged } from './staged.ts';

const AGENT = 'agents/main/agent/smart-agent-neo-agent.sqlite';
const STATE = 'state/smart-agent-neo.sqlite';
const MEMORY = 'memory/main.sqlite';

/** Ended without being closed, as newer products end: what was committed is in the log alone. */
const OPEN_END = `db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');`;
const END = `require('node:fs').writeSync(1, 'null'); process.reallyExit(0);`;

function furnish(staging: string, stateDir: string): void {
  for (const file of [AGENT, STATE, MEMORY]) mkdirSync(dirname(join(staging, file)), { recursive: true });
  const session = JSON.stringify(`${stateDir}/agents/main/sessions/1.jsonl`);
  inDatabase(
    join(staging, AGENT),
    `${OPEN_END} db.exec('CREATE TABLE sessions (id TEXT, session_file TEXT)');
    db.prepare('INSERT INTO sessions VALUES (?, ?)').run('1', ${session}); ${END}`,
  );
  inDatabase(
    join(staging, MEMORY),
    `db.exec('CREATE TABLE chunks (path TEXT)'); db.prepare('INSERT INTO chunks VALUES (?)').run(${session}); db.close();`,
  );
  writeFileSync(join(staging, STATE), 'no database, whatever it is called\n');
}

async function staged(): Promise<Staged> {
  return stagedState({ oldHome: '/Users/olga', newHome: "/home/nick's own", furnish });
}

function warnings({ events }: Staged): string[] {
  return events.flatMap((event) =>
    event.type === 'run.warned' && event.problem.code === 'database-left' ? [event.problem.message] : [],
  );
}

describe('databases in a state that is reconciled', () => {
  it('have their declared paths rewritten, their log written back, and everything else told', async () => {
    const at = await staged();
    const { staging, plan, world } = at;
    const memory = readFileSync(join(staging, MEMORY));
    const [root] = plan.roots;
    if (!root) throw new Error('no root');
    await takeOf(world, plan, { root, tree: 'staged', hash: true });
    await reconcile(plan).apply(world, null);
    expect(statSync(join(staging, `${AGENT}-wal`)).size).toBe(0);
    expect(await copyAsPlanned(plan).run(world)).toEqual([]);
    expect(rowsIn(join(staging, AGENT), 'SELECT session_file FROM sessions')).toEqual([
      { session_file: "/home/nick's own/.smart-agent-neo/agents/main/sessions/1.jsonl" },
    ]);
    expect(readFileSync(join(staging, MEMORY))).toEqual(memory);
    const told = warnings(at);
    expect(told.find((text) => text.includes(MEMORY))).toMatch(/chunks\.path \(1\)/);
    expect(told.find((text) => text.includes(STATE))).toMatch(/not rewritten, because .*not a database/);
    const event = at.events.findLast(({ type }) => type === 'run.reconciled');
    expect(event?.type === 'run.reconciled' && event.rewrites).toContainEqual({
      root: 'state',
      file: AGENT,
      at: 'sessions.session_file',
      from: '/Users/olga/.smart-agent-neo/agents/main/sessions/1.jsonl',
      to: "/home/nick's own/.smart-agent-neo/agents/main/sessions/1.jsonl",
    });
  });

  it('are byte for byte as they were, log and all, once that is taken back; done twice it is done once', async () => {
    const { staging, plan, world } = await staged();
    const files = [AGENT, `${AGENT}-wal`, STATE, MEMORY].map((file) => join(staging, file));
    const before = files.map((file) => readFileSync(file));
    const step = reconcile(plan);
    await step.apply(world, null);
    const after = files.map((file) => readFileSync(file));
    await step.apply(world, null);
    expect(files.map((file) => readFileSync(file))).toEqual(after);
    expect(after[0]).not.toEqual(before[0]);
    await step.undo(world, null);
    expect(files.map((file) => readFileSync(file))).toEqual(before);
    expect(existsSync(join(world.run.path, 'undo-new/reconcile-state'))).toBe(false);
  });
});
