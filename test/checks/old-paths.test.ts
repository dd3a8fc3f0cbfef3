import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { oldPathsLeft } from '../../src/checks/old-paths.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { Problem } from '../../src/core/problem.ts';
import type { World } from '../../src/core/step.ts';
import { isEntry } from '../../src/walk/entry.ts';
import { walk } from '../../src/walk/walker.ts';
import { listTree } from '../kit/listing.ts';
import { stagedState } from '../steps/staged.ts';

const HOMES = { oldHome: '/Users/olga b', newHome: '/home/nick' };

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

function furnish(staging: string, stateDir: string): void {
  const home = dirname(stateDir);
  const ws = join(staging, 'workspace');
  put(join(ws, 'NOTES.md'), `see ${home}/a and ${home}, not ${home}2/x\n`);
  put(join(ws, 'env/pyvenv.cfg'), `home = ${home}/.pyenv/bin\n`);
  put(join(ws, 'env/bin/pip'), `#!${stateDir}/workspace/env/bin/python3\nimport pip\n`, 0o755);
  put(join(ws, 'app/node_modules/.bin/tool'), `#!/bin/sh\nexec ${home}/.nvm/node tool\n`, 0o755);
  symlinkSync(`${home}/dev/linked`, join(ws, 'app/node_modules/linked'));
  symlinkSync(`${home}/Pictures`, join(ws, 'pictures'));
  put(join(ws, 'tree/.git'), `gitdir: ${home}/dev/repo/.git/worktrees/tree\n`);
  put(
    join(staging, 'channels.json5'),
    `{ dir: "C:\\\\Users\\\\olga", share: '\\\\\\\\box\\\\share', fine: "a",
    mcp: { args: ['{"root":"${home}/x"}', '--root=${home}/x'], note: 'it is ${home}2' } }`,
  );
  const allow = [{ pattern: `${home}/bin/*` }, { pattern: '/usr/bin/git' }];
  put(join(staging, 'exec-approvals.json'), JSON.stringify({ agents: { main: { allowlist: allow } } }));
}

/** Every entry of the copy, looked at. */
async function looked(plan: Plan, { clock }: World): Promise<Problem[]> {
  const looker = oldPathsLeft(plan, clock);
  for (const root of plan.roots) {
    for await (const item of walk(root.stagingPath, { ...root, excludes: plan.excludes, hash: false }))
      if (isEntry(item)) looker.look(root, item);
  }
  return looker.problems();
}

async function found(rewriteApprovals = false): Promise<Map<string, Problem>> {
  const { staging, plan, world } = await stagedState({ ...HOMES, furnish, rewriteApprovals });
  const before = listTree(staging);
  const problems = await looked(plan, world);
  expect(listTree(staging)).toEqual(before);
  return new Map(problems.map((one) => [one.code, one]));
}

function named(problem: Problem | undefined): unknown[] {
  return (problem?.detail as { what: string }[] | undefined)?.map(({ what }) => what) ?? [];
}

describe('old paths that are not rewritten', () => {
  it('are named with their files and counts: free text and jobs, never transcripts (F114)', async () => {
    const text = (await found()).get('text-names-old-path');
    expect(text?.stops).toBe(false);
    expect(text?.detail).toContainEqual({ root: 'state', what: 'workspace/NOTES.md', count: 2 });
    expect(text?.detail).toContainEqual({ root: 'state', what: 'cron/jobs.json', count: 45 });
    expect(named(text)).toContain('workspace/TOOLS.md');
    expect(named(text).filter((what) => String(what).includes('sessions/'))).toEqual([]);
    expect(named(text)).not.toContain('smart-agent-neo.json');
  });

  it('inside of other words of the config are named by their key, and not shown', async () => {
    const config = (await found()).get('config-names-old-path');
    expect(config?.stops).toBe(false);
    expect(config?.detail).toEqual([{ root: 'state', what: 'channels.json5 /mcp/args/0', count: 1 }]);
    expect(JSON.stringify(config)).not.toContain('Users');
  });

  it('in launchers are to be built again: Python environments, node_modules/.bin, npm links', async () => {
    expect(named((await found()).get('rebuild-needed')).sort()).toEqual([
      'workspace/app/node_modules/.bin/tool',
      'workspace/app/node_modules/linked',
      'workspace/env/bin/pip',
      'workspace/env/pyvenv.cfg',
    ]);
  });

  it('in links and Git files are named when what they lead to does not move', async () => {
    expect(named((await found()).get('link-not-moved')).sort()).toEqual(['workspace/pictures', 'workspace/tree/.git']);
  });

  it('in allow patterns are named until they are consented to', async () => {
    expect(named((await found()).get('approval-names-old-path'))).toEqual(['/Users/olga b/bin/*']);
    expect((await found(true)).has('approval-names-old-path')).toBe(false);
  });

  it('of Windows are left alone and named', async () => {
    expect((await found()).get('path-foreign')?.detail).toEqual([{ root: 'state', what: 'channels.json5', count: 2 }]);
  });

  it('are not looked for where nothing changes its path', async () => {
    const { plan, world } = await stagedState({ oldHome: '/home/same', newHome: '/home/same', furnish });
    expect(await looked(plan, world)).toEqual([]);
  });
});
