import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyHasAll } from '../../src/checks/nothing-lost.ts';
import { takeCensus } from '../../src/census/take.ts';
import { censusOf, everyKind, lostBetween, spoiledBetween, type Census } from '../../src/core/census.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { listTree } from '../kit/listing.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { tempFolder } from '../run/temp-folder.ts';
import { inDatabase } from '../sqlite/databases.ts';
import { stagedState } from '../steps/staged.ts';

const AGENT = 'agents/main/agent/smart-agent-neo-agent.sqlite';
const STATE = 'state/smart-agent-neo.sqlite';
/** Ended without being closed, as newer products end: what was committed is in the log alone. */
const OPEN_END = `db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');`;
const END = `require('node:fs').writeSync(1, 'null'); process.reallyExit(0);`;

/** Tables as a release has them, in the columns that tell what is in them. */
const AGENT_ROWS = `
  db.exec('CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, entry_json TEXT) STRICT');
  db.exec('CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, PRIMARY KEY (session_id, seq)) STRICT');
  db.exec('CREATE TABLE auth_profile_store (store_key TEXT PRIMARY KEY, store_json TEXT) STRICT');
  db.prepare('INSERT INTO session_nodes VALUES (?, ?)').run('agent:main:main', '{}');
  for (const seq of [0, 1]) db.prepare('INSERT INTO transcript_events VALUES (?, ?)').run('s1', seq);
  db.prepare('INSERT INTO auth_profile_store VALUES (?, ?)').run('primary', '{"version":1,"profiles":{"example:default":{"key":"k1"}}}');`;
const STATE_ROWS = `
  db.exec('CREATE TABLE cron_jobs (store_key TEXT, job_id TEXT, job_json TEXT) STRICT');
  db.exec('CREATE TABLE device_pairing_paired (device_id TEXT, tokens_json TEXT) STRICT');
  db.exec('CREATE TABLE device_identities (identity_key TEXT, private_key_pem TEXT) STRICT');
  db.exec('CREATE TABLE exec_approvals_config (config_key TEXT, raw_json TEXT) STRICT');
  db.exec('CREATE TABLE channel_pairing_allow_entries (channel_key TEXT, account_id TEXT, entry TEXT) STRICT');
  db.exec('CREATE TABLE plugin_state_entries (plugin_id TEXT, namespace TEXT, entry_key TEXT) STRICT');
  db.exec('CREATE TABLE delivery_queue_entries (id TEXT, status TEXT) STRICT');
  const put = (table, ...row) => db.prepare('INSERT INTO ' + table + ' VALUES (' + row.map(() => '?').join() + ')').run(...row);
  put('cron_jobs', '/x/cron/jobs.json', 'j1', '{"name":"daily"}');
  put('device_pairing_paired', 'd1', 'k2');
  put('device_identities', 'default', 'k3');
  put('exec_approvals_config', 'default', '{"agents":{"main":{"allowlist":[{"pattern":"/usr/bin/git"}]}}}');
  put('channel_pairing_allow_entries', 'telegram', 'default', '4900001');
  put('channel_pairing_allow_entries', 'telegram', 'work', '4900001');
  put('plugin_state_entries', 'telegram', 'telegram.update-offsets', 'default');
  put('plugin_state_entries', 'telegram', 'telegram.sticker-cache', 'x');
  put('delivery_queue_entries', 'q1', 'pending');
  put('delivery_queue_entries', 'q2', 'failed');`;

/** The same in the files of an earlier release. */
const FILES: Readonly<Record<string, object>> = {
  'agents/main/sessions/sessions.json': { 'agent:main:main': {} },
  'agents/main/sessions/s1.jsonl': {},
  'agents/main/agent/auth-profiles.json': { version: 1, profiles: { 'example:default': { key: 'k1' } } },
  'cron/jobs.json': { jobs: [{ id: 'j1', name: 'daily' }] },
  'devices/paired.json': { d1: {} },
  'identity/device.json': {},
  'exec-approvals.json': { agents: { main: { allowlist: [{ pattern: '/usr/bin/git' }] } } },
  'credentials/telegram-allowFrom.json': { allowFrom: ['4900001'] },
  'credentials/telegram-default-allowFrom.json': { allowFrom: ['4900001'] },
  'credentials/telegram-work-allowFrom.json': { allowFrom: ['4900001'] },
  'credentials/telegram-mail-allowFrom.json': { allowFrom: [] },
  'credentials/telegram-pairing.json': { requests: [] },
  'telegram/update-offset-default.json': {},
  'delivery-queue/q1.json': {},
};

async function files(): Promise<string> {
  const state = await tempFolder();
  for (const [file, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(state, file)), { recursive: true });
    writeFileSync(join(state, file), JSON.stringify(content));
  }
  return state;
}

async function tables(end = END): Promise<string> {
  const state = await tempFolder();
  for (const [file, rows] of [
    [AGENT, AGENT_ROWS],
    [STATE, STATE_ROWS],
  ] as const) {
    mkdirSync(dirname(join(state, file)), { recursive: true });
    inDatabase(join(state, file), `${OPEN_END} ${rows} ${end}`);
  }
  return state;
}

interface How {
  readonly node?: string;
  readonly path?: string;
  readonly scratch?: string;
}

function count(state: string, { node = NODE_22, path = '/usr/bin:/bin', scratch }: How = {}): Promise<Census> {
  const host = new LocalHost({ label: 'here', env: { PATH: path } });
  const { signal } = new AbortController();
  const places = { state, apart: [], workspaces: [], ...(scratch !== undefined && { scratch }) };
  return takeCensus(host, { ...places, node, clock: systemClock, signal });
}

const lost = (before: Census, after: Census) => lostBetween(before, after, everyKind());

describe('what a release keeps in databases', () => {
  it('is counted under the names that it has in files, so that neither way anything is lost', async () => {
    const [inFiles, inTables] = [await count(await files()), await count(await tables())];
    expect(inTables).toEqual(inFiles);
    expect(inFiles).toMatchObject({
      session: ['main: agent:main:main'],
      transcript: ['main/s1.jsonl'],
      'cron-job': ['j1 (daily)'],
      device: ['devices: d1', 'this machine'],
      credential: [
        'allow list of telegram',
        'allow list of telegram-work',
        'main: auth-profiles.json: example:default',
      ],
      channel: ['telegram: default'],
      approval: ['main: number 1'],
      queued: ['q1.json'],
      unread: [],
    });
    expect(JSON.stringify(inTables)).not.toMatch(/"k\d"/);
  });

  it('is read with its log, by the Node of the gateway or by sqlite3, and nothing is written, not even beside it (F81)', async () => {
    const state = await tables();
    const before = [...listTree(state)];
    const byNode = await count(state);
    expect(byNode['cron-job']).toEqual(['j1 (daily)']);
    expect(await count(state, { node: process.execPath })).toEqual(byNode);
    expect([...listTree(state)]).toEqual(before);
  });

  it('is read where the log has been written back, and where there never was one', async () => {
    expect(await count(await tables('db.close();'))).toEqual(await count(await tables()));
    const state = await tables(`db.exec('PRAGMA journal_mode = DELETE'); db.close();`);
    const before = [...listTree(state)];
    expect(await count(state)).toEqual(await count(await tables()));
    expect([...listTree(state)]).toEqual(before);
  });

  it('is read from a copy where only a copy can be read, of which nothing is left; without one it is named', async () => {
    const state = await tables();
    for (const file of [AGENT, STATE]) rmSync(join(state, `${file}-shm`));
    const before = [...listTree(state)];
    const scratch = await tempFolder();
    expect(await count(state, { scratch })).toEqual(await count(await tables()));
    expect([...listTree(scratch)]).toEqual([...listTree(await tempFolder())]);
    const { unread, session } = await count(state);
    expect(unread.map(({ file }) => file)).toEqual([STATE, AGENT]);
    expect(unread[0]?.why).toContain('its log has no index');
    expect(session).toEqual([]);
    expect([...listTree(state)]).toEqual(before);
  });

  it('is not known where nothing can read it: that is no loss, and no nothing', async () => {
    const [state, before] = [await tables(), await count(await files())];
    const blind = await count(state, { node: process.execPath, path: '/nonexistent' });
    expect(blind.unread).toEqual([
      { file: STATE, why: null },
      { file: AGENT, why: null },
    ]);
    expect(lost(before, blind)).toEqual([]);
    expect(spoiledBetween(before, blind)).toEqual([]);
    const withSkill = { ...before, skill: ['weather'] };
    expect(lost(withSkill, blind)).toEqual([{ kind: 'skill', name: 'weather' }]);
  });

  it('is taken from tables only: what computes without an end in their place, or has other columns, is nothing', async () => {
    const state = await tables('db.close();');
    const endless = 'WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n)';
    inDatabase(
      join(state, STATE),
      `db.exec("DROP TABLE cron_jobs; CREATE VIEW cron_jobs AS ${endless} SELECT x AS job_id, '{}' AS job_json FROM n");
      db.exec('DROP TABLE device_pairing_paired; CREATE TABLE device_pairing_paired (id TEXT)'); db.close();`,
    );
    expect(await count(state)).toMatchObject({ 'cron-job': [], device: ['this machine'], unread: [] });
  });

  it('is lost by name when it is spoiled, and not when it was so before', async () => {
    const state = await tables('db.close();');
    const before = await count(state);
    writeFileSync(join(state, STATE), 'These are words, and no database at all.\n'.repeat(100));
    const after = await count(state);
    expect(spoiledBetween(before, after)).toEqual([
      { file: STATE, why: expect.stringContaining('not a database') as string },
    ]);
    expect(lost(before, after)).toContainEqual({ kind: 'cron-job', name: 'j1 (daily)' });
    expect(spoiledBetween(after, after)).toEqual([]);
  });
});

describe('a copy whose databases nothing here can read', () => {
  it('is said to be uncounted, by name, and does not stop the move', async () => {
    const { world, plan, events, staging } = await stagedState({ oldHome: '/home/olga', newHome: '/home/nick' });
    mkdirSync(join(staging, 'state'));
    inDatabase(join(staging, STATE), `${STATE_ROWS} db.close();`);
    const bin = await tempFolder();
    symlinkSync('/bin/cat', join(bin, 'cat'));
    symlinkSync('/bin/sh', join(bin, 'sh'));
    const host = new LocalHost({ label: 'here', env: { PATH: bin } });
    const node = process.execPath;
    const roots = plan.roots.map((root) => ({ ...root, oldPath: root.stagingPath }));
    const { old, new: here } = plan;
    const blind = {
      ...plan,
      roots,
      old: { ...old, gateway: { ...old.gateway, node, configPath: join(staging, 'smart-agent-neo.json') } },
      new: { ...here, gateway: { ...here.gateway, node } },
    };
    expect(await copyHasAll(blind).run({ ...world, old: host, new: host })).toEqual([]);
    const warned = events.flatMap((event) => (event.type === 'run.warned' ? [event.problem] : []));
    expect(warned.map(({ code }) => code)).toEqual(['inventory-unknown', 'inventory-unknown']);
    expect(warned[0]?.message).toContain(`${STATE} (neither its Node nor a sqlite3 command can read it)`);
    const kept = JSON.parse(readFileSync(join(world.run.path, 'census-old.json'), 'utf8')) as Census;
    expect(kept['configured-agent']).toEqual(['main', 'ops']);
  });
});

describe('whatever a doctor brings from one place into another', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd');
  const name = fc.oneof(
    fc.tuple(
      fc.constant('session' as const),
      id.map((one) => `agent:${one}:main`),
    ),
    fc.tuple(fc.constant('transcript' as const), id),
    fc.tuple(
      fc.constant('credential' as const),
      id.map((one) => `auth-profiles.json: ${one}`),
    ),
  );
  const put = (place: string, [kind, bare]: readonly ['session' | 'transcript' | 'credential', string], topic = '') =>
    [kind, kind === 'transcript' ? `${place}/${bare}${topic}.jsonl` : `${place}: ${bare}`] as const;

  it('is not lost, whichever part of it moved; and what is in neither is, by the name that it had', () => {
    const things = fc.uniqueArray(fc.record({ name, fate: fc.constantFrom('stays', 'moves', 'goes') }), {
      selector: (one) => one.name.join(' '),
    });
    fc.assert(
      fc.property(things, fc.boolean(), (all, hasTopics) => {
        const topic = hasTopics ? '-topic-12' : '';
        const before = censusOf(all.map((one) => put('state-1', one.name, topic)));
        const after = censusOf(
          all.flatMap(({ name: one, fate }) => {
            if (fate === 'goes') return [];
            return [fate === 'stays' ? put('state-1', one, topic) : put('main', one)];
          }),
        );
        const gone = censusOf(all.filter(({ fate }) => fate === 'goes').map((one) => put('state-1', one.name, topic)));
        const expected = everyKind().flatMap((kind) => gone[kind].map((one) => ({ kind, name: one })));
        expect(lost(before, after)).toEqual(expected);
      }),
    );
  });
});
