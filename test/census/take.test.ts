import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { PROGRAM_TEXT } from '../../src/census/program.generated.ts';
import { takeCensus } from '../../src/census/take.ts';
import { countsOf, everyKind, lostBetween, type Census } from '../../src/core/census.ts';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { listTree } from '../kit/listing.ts';
import { NODE_22 } from '../kit/stand-in/install.ts';
import { populate, type State } from '../kit/state.ts';

const HERE = new LocalHost({ label: 'this machine', env: { PATH: '/usr/bin:/bin' } });
const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

async function populated(): Promise<State> {
  const home = mkdtempSync(join(tmpdir(), 'np-census-'));
  homes.push(home);
  return populate({ home, port: 18789, workspace: 'outside', sessions: 20 });
}

function count({ stateDir, workspaces }: State, node = process.execPath): Promise<Census> {
  const places = Object.entries(workspaces).map(([id, path]) => ({ id, path }));
  const { signal } = new AbortController();
  return takeCensus(HERE, { state: stateDir, apart: [], workspaces: places, node, clock: systemClock, signal });
}

test('everything that a gateway owns is counted by name, from its files, whichever Node looks', async () => {
  const state = await populated();
  mkdirSync(join(state.workspaces.main, 'skills/notes'), { recursive: true });
  const census = await count(state);
  const sessions = state.sessions.main.length + state.sessions.ops.length;
  expect(countsOf(census)).toMatchObject({
    agent: 2,
    session: sessions,
    transcript: sessions,
    'cron-job': 45,
    device: 2,
    approval: 1,
    extension: 1,
    hook: 1,
    queued: 0,
  });
  expect(census.channel).toEqual(['telegram: default', 'whatsapp: default']);
  expect(census.skill).toEqual(['main/notes', 'weather']);
  expect(census.credential).toEqual(
    expect.arrayContaining(['main: auth-profiles.json: example', 'credentials/telegram-token.txt', '.env']),
  );
  expect(census.memory).toContain('ops/MEMORY.md');
  expect(await count(state, NODE_22)).toEqual(census);
  // No name is a value.
  for (const canary of state.canaries) expect(JSON.stringify(census)).not.toContain(canary);
});

test('counting changes nothing', async () => {
  const state = await populated();
  const before = [...listTree(state.home)];
  await count(state);
  expect([...listTree(state.home)]).toEqual(before);
});

test('a transcript that was archived, a session that left the index and a login that went are losses, by name', async () => {
  const state = await populated();
  const before = await count(state);
  const [, session = ''] = state.sessions.main;
  const folder = join(state.stateDir, 'agents/main/sessions');
  renameSync(join(folder, `${session}.jsonl`), join(folder, `${session}.jsonl.deleted.2026-11-25T10-00-00.000Z`));
  writeFileSync(join(state.stateDir, 'agents/ops/sessions/sessions.json'), '{}');
  rmSync(join(state.stateDir, 'credentials/whatsapp'), { recursive: true });
  const lost = lostBetween(before, await count(state), everyKind());
  expect(lost).toEqual(
    expect.arrayContaining([
      { kind: 'transcript', name: `main/${session}.jsonl` },
      { kind: 'session', name: 'ops: agent:ops:main' },
      { kind: 'channel', name: 'whatsapp: default' },
      { kind: 'credential', name: 'credentials/whatsapp/default' },
    ]),
  );
});

// A copy is counted before its links are led to the new home: nothing may hang on what they lead to.
test('what is reached by a symlink is counted by its own name, whether it leads anywhere or not', async () => {
  const state = await populated();
  symlinkSync('/nowhere/greet', join(state.stateDir, 'skills/greet'));
  symlinkSync('../../dev/voice', join(state.stateDir, 'extensions/dev'));
  const { skill, extension } = await count(state);
  expect([skill, extension]).toEqual([
    ['greet', 'weather'],
    ['dev', 'voice'],
  ]);
});

test('a session index that grows loses nothing, and one that is cut off is told by the names it had', async () => {
  const state = await populated();
  const before = await count(state);
  appendFileSync(join(state.stateDir, 'agents/main/sessions/sessions.json'), ' ');
  expect(lostBetween(before, await count(state), everyKind())).toEqual([]);
  writeFileSync(join(state.stateDir, 'agents/main/sessions/sessions.json'), '{"agent:main:main": {');
  const lost = lostBetween(before, await count(state), everyKind());
  expect(lost.map(({ kind }) => kind)).toEqual(state.sessions.main.map(() => 'session'));
});

test('a name from a hostile machine reaches nobody raw, and a loop of links ends', async () => {
  const state = await populated();
  mkdirSync(join(state.stateDir, 'skills', '\u001b[2Jgone\u202e'));
  symlinkSync('..', join(state.workspaces.main, 'memory/up'));
  symlinkSync('.', join(state.stateDir, 'skills/self'));
  const { skill } = await count(state);
  expect(skill.join()).not.toMatch(/[\u001b\u202e]/);
  expect(skill).toHaveLength(3);
});

test('an answer of something else than the program is refused', async () => {
  const state = await populated();
  const fake = join(state.home, 'node');
  for (const said of ['', '["agent","main"]', '{"agent":1}\n["end"]', '["agent"]\n["end"]', '["wish","x"]\n["end"]']) {
    writeFileSync(fake, `#!/bin/sh\ncat >/dev/null\nprintf '%s\\n' '${said}'\n`, { mode: 0o755 });
    await expect(count(state, fake)).rejects.toMatchObject({ problem: { code: 'answer-malformed' } });
  }
});

test('the program is one text that needs nothing but Node', () => {
  const required = [...PROGRAM_TEXT.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
  expect(required.length).toBeGreaterThan(0);
  expect(required.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});
