import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { strandedTranscripts } from '../../src/checks/stranded.ts';
import type { Plan } from '../../src/core/plan.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(realpathSync(tmpdir()), 'np-stranded-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

function sessionsOf(agent: string, index: string, transcripts: readonly string[]): string {
  const folder = join(stateDir, 'agents', agent, 'sessions');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'sessions.json'), index);
  for (const name of transcripts) writeFileSync(join(folder, name), '{}\n');
  return folder;
}

const plan = (): Plan => ({ new: { gateway: { stateDir } }, roots: [] }) as unknown as Plan;

it('a transcript is stranded that lies beside its index, which names it in another place; one that is nowhere, or named by none, is not', async () => {
  const folder = join(stateDir, 'agents/main/sessions');
  const files = [
    '/home/olga/.smart-agent-neo/agents/main/sessions/left.jsonl',
    join(folder, 'here.jsonl'),
    'near.jsonl',
  ];
  const named = [...files, '/home/olga/gone.jsonl'].map((sessionFile, at) => [
    `agent:main:${String(at)}`,
    { sessionFile },
  ]);
  sessionsOf('main', JSON.stringify({ ...Object.fromEntries(named), odd: { sessionFile: 7 }, none: null }), [
    'left.jsonl',
    'here.jsonl',
    'near.jsonl',
    'orphan.jsonl',
  ]);
  sessionsOf('torn', '{"agent:torn:main": {', ['left.jsonl']);
  expect(await strandedTranscripts(plan())).toEqual([join(folder, 'left.jsonl')]);
});

it('nothing is stranded where there is nothing', async () => {
  expect(await strandedTranscripts(plan())).toEqual([]);
});
