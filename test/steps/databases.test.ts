import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyAsPlanned } from '../../src/checks/copy.ts';
import { databasesToRewrite } from '../../src/checks/databases.ts';
import { takeOf } from '../../src/checks/manifests.ts';
import { parseExclude } from '../../src/core/exclude.ts';
import { problemOf } from '../../src/core/problem.ts';
import { LocalHost } from '../../src/host/local.ts';
import { reconcile } from '../../src/steps/reconcile.ts';
import { inDatabase, rowsIn, withoutSqlite } from '../sqlite/databases.ts';
import { listTree } from '../kit/listing.ts';
import { stagedState, type Staged } from './staged.ts';

const AGENT = 'agents/main/agent/smart-agent-neo-agent.sqlite';
const STATE = 'state/smart-agent-neo.sqlite';
const MEMORY = 'memory/main.sqlite';
const OTHER = 'plugins/own/notes.sqlite';

/** Ended without being closed, as newer products end: what was committed is in the log alone. */
const OPEN_END = `db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');`;
const END = `require('node:fs').writeSync(1, 'null'); process.reallyExit(0);`;

function furnish(staging: string, stateDir: string): void {
  for (const file of [AGENT, OTHER, MEMORY]) mkdirSync(dirname(join(staging, file)), { recursive: true });
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
  writeFileSync(join(staging, OTHER), 'no database, whatever it is called\n');
}

async function staged(homes: { oldHome?: string; newHome?: string } = {}, more = furnish): Promise<Staged> {
  return stagedState({ oldHome: '/Users/olga', newHome: "/home/nick's own", ...homes, furnish: more });
}

/** As `furnish`, with the database of the product's own state spoiled. */
function spoil(staging: string, stateDir: string): void {
  furnish(staging, stateDir);
  mkdirSync(dirname(join(staging, STATE)), { recursive: true });
  writeFileSync(join(staging, STATE), 'no database, whatever it is called\n');
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
    expect(told.find((text) => text.includes(OTHER))).toMatch(/not rewritten, because .*not a database/);
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
    const files = [AGENT, `${AGENT}-wal`, OTHER, MEMORY].map((file) => join(staging, file));
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

  it('end the cutover where one with declared paths cannot be rewritten, and all of it is taken back', async () => {
    const { staging, plan, world } = await staged({}, spoil);
    const before = listTree(staging);
    const step = reconcile(plan);
    const thrown = problemOf(await step.apply(world, null).catch((error: unknown) => error));
    expect(thrown).toMatchObject({ code: 'rewrite-failed', stops: true });
    expect(thrown.message).toMatch(/^state\/smart-agent-neo\.sqlite holds paths .*because .*not a database/);
    expect(thrown.hint).toContain("--exclude '/state/smart-agent-neo.sqlite*'");
    await step.undo(world, null);
    expect(listTree(staging)).toEqual(before);
  });

  it('end it where nothing on this machine reads databases, with what to install', async () => {
    const { plan, world } = await staged();
    const gateway = { ...plan.new.gateway, node: withoutSqlite() };
    const step = reconcile({ ...plan, new: { ...plan.new, gateway } });
    const host = new LocalHost({ label: 'this machine', env: { PATH: '/nonexistent' } });
    const thrown = problemOf(await step.apply({ ...world, new: host }, null).catch((error: unknown) => error));
    expect(thrown.code).toBe('rewrite-failed');
    expect(thrown.hint).toContain('Install the sqlite3 command here');
  });

  it('are not even opened where every path stays what it is', async () => {
    const at = await staged({ oldHome: '/home/al', newHome: '/home/al' }, spoil);
    await reconcile(at.plan).apply(at.world, null);
    expect(warnings(at)).toEqual([]);
  });
});

describe('the look for what can rewrite databases, before the move', () => {
  it('names those with declared paths that are copied, and what is missing on this machine', async () => {
    const { plan, world } = await staged();
    const found = [AGENT, STATE, MEMORY, 'agents/main/agent/notes.sqlite'];
    const asked = { plan, found };
    expect(await databasesToRewrite(world.new, asked, world)).toEqual({ files: [AGENT, STATE], failure: null });
    const excludes = [...plan.excludes, parseExclude(`/${STATE}`)];
    const without = { ...plan, excludes };
    expect((await databasesToRewrite(world.new, { plan: without, found }, world)).files).toEqual([AGENT]);
    const gateway = { ...plan.new.gateway, node: withoutSqlite() };
    const host = new LocalHost({ label: 'this machine', env: { PATH: '/nonexistent' } });
    const bare = { ...plan, new: { ...plan.new, gateway } };
    const seen = await databasesToRewrite(host, { plan: bare, found }, world);
    expect(seen.failure).toMatch(/^neither the Node of the gateway nor a sqlite3 command/);
    expect(await databasesToRewrite(host, { plan: { ...bare, mapping: [] }, found }, world)).toEqual({
      files: [],
      failure: null,
    });
  });
});

describe('a state with an agent dir and sessions that the config puts elsewhere', () => {
  it('has them rewritten too: the database of an agent by its name, an index of sessions by what the config calls it', async () => {
    const [oldHome, newHome] = ['/Users/olga', '/home/nick'];
    const entry = (home: string) => ({
      'agent:main:main': { sessionFile: `${home}/.smart-agent-neo/sessions/1.jsonl` },
    });
    const furnishMore = (staging: string): void => {
      mkdirSync(join(staging, 'sessions'));
      for (const name of ['main.json', 'other.json'])
        writeFileSync(join(staging, 'sessions', name), JSON.stringify(entry(oldHome)));
    };
    const at = await stagedState({ oldHome, newHome, furnish: furnishMore });
    const [state] = at.plan.roots;
    if (!state) throw new Error('no root');
    const apart = `${at.staging}-ops`;
    mkdirSync(apart);
    const sql =
      "db.exec('CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, entry_json TEXT NOT NULL) STRICT');";
    const path = JSON.stringify(JSON.stringify(entry(oldHome)['agent:main:main']));
    inDatabase(
      join(apart, 'smart-agent-neo-agent.sqlite'),
      `${sql} db.prepare('INSERT INTO session_nodes VALUES (?, ?)').run('agent:ops:main', ${path}); db.close();`,
    );
    const moved = { oldPath: `${oldHome}/agents/ops`, livePath: `${newHome}/agents/ops`, stagingPath: apart };
    const plan = {
      ...at.plan,
      roots: [state, { ...state, ...moved, id: 'state-1', workspaces: [] }],
      sessionStores: [{ root: 'state', file: 'sessions/main.json' }],
    };
    await reconcile(plan).apply(at.world, null);
    const read = (name: string): unknown => JSON.parse(readFileSync(join(at.staging, 'sessions', name), 'utf8'));
    expect(read('main.json')).toEqual(entry(newHome));
    expect(read('other.json')).toEqual(entry(oldHome));
    const [row] = rowsIn(join(apart, 'smart-agent-neo-agent.sqlite'), 'SELECT entry_json AS e FROM session_nodes');
    expect(JSON.parse((row as { e: string }).e)).toEqual(entry(newHome)['agent:main:main']);
  });
});
