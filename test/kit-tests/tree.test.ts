import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NASTY_NAMES, growNastyTree } from '../kit/tree.ts';
import { populate } from '../kit/state.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-tree-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function filesBelow(path: string): string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('the nasty tree holds every nasty name as it was given, byte by byte', async () => {
  await growNastyTree(folder, { files: 250, specials: true });
  const names = readdirSync(join(folder, 'names'), { encoding: 'buffer' });
  expect(names.map((name) => name.toString('latin1')).sort()).toEqual(
    NASTY_NAMES.map((name) => name.toString('latin1')).sort(),
  );
  expect(readdirSync(join(folder, 'many/2'))).toHaveLength(50);
  expect(lstatSync(join(folder, 'links/hard')).nlink).toBe(3);
  expect(lstatSync(join(folder, 'left-socket')).isSocket()).toBe(true);
  expect(lstatSync(join(folder, 'fifo')).isFIFO()).toBe(true);
  expect(statSync(join(folder, 'sparse')).blocks * 512).toBeLessThan(statSync(join(folder, 'sparse')).size);
});

test('every canary of a populated state is found in it, and in no file of its workspaces', async () => {
  const state = await populate({ home: folder, port: 20_001, workspace: 'outside' });
  const held = filesBelow(state.stateDir)
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
  expect(state.canaries.length).toBeGreaterThan(15);
  for (const canary of state.canaries) expect(held).toContain(canary);
  const work = filesBelow(join(folder, 'work'))
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
  expect(work).not.toContain('CANARY');
});

test('a state can be laid out on a disk that is mounted elsewhere', async () => {
  mkdirSync(join(folder, 'olga'));
  const state = await populate({ home: '/home/olga', at: join(folder, 'olga'), port: 20_001 });
  expect(state.stateDir).toBe('/home/olga/.smart-agent-neo');
  const index = readFileSync(join(folder, 'olga/.smart-agent-neo/agents/main/sessions/sessions.json'), 'utf8');
  expect(index).toContain('"/home/olga/.smart-agent-neo/agents/main/sessions/');
  expect(index).not.toContain(folder);
});

test('a state of 300 sessions and 20,000 workspace files is one option away', async () => {
  const state = await populate({ home: folder, port: 20_001, sessions: 300, workspaceFiles: 20_000 });
  expect(state.sessions.main.length + state.sessions.ops.length).toBeGreaterThanOrEqual(300);
  expect(filesBelow(join(state.workspaces.main, 'nasty/many'))).toHaveLength(20_000);
});
