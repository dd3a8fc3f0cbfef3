import { existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/core/config-text.ts';
import { reconcile } from '../../src/steps/reconcile.ts';
import type { ReverseMap } from '../../src/steps/reverse-map.ts';
import { listTree } from '../kit/listing.ts';
import { stagedState, type Staged, type StagedOptions } from './staged.ts';

/** One way to move from one kind of home to another. */
const HOMES: readonly [what: string, oldHome: string, newHome: string][] = [
  ['between two users', '/home/olga', '/home/nick'],
  ['to a home with a space and quotes in it', '/home/olga', `/home/n "i" c'k`],
  ['from a home with a space in it', '/srv/old homes/olga b', '/home/nick'],
  ['from a Mac', '/Users/olga', '/home/nick'],
  ['from root', '/root', '/home/nick'],
  ['into a home that begins like the old one', '/home/al', '/home/alice'],
];

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Worktrees, submodules and links, as Git and people make them. */
function furnish(staging: string, stateDir: string): void {
  const oldHome = dirname(stateDir);
  put(join(staging, 'workspace/tree/.git'), `gitdir: ${stateDir}/workspace/.git/worktrees/tree\n`);
  put(join(staging, 'workspace/.git/worktrees/tree/gitdir'), `${stateDir}/workspace/tree/.git\n`);
  put(join(staging, 'workspace/.git/worktrees/away/gitdir'), `${oldHome}/elsewhere/.git\n`);
  put(
    join(staging, 'workspace/.git/modules/sub/config'),
    `[core]\n\tworktree = ${stateDir}/workspace/sub\n[remote "origin"]\n\turl = ${oldHome}/upstream\n`,
  );
  symlinkSync(join(stateDir, 'skills'), join(staging, 'workspace/skills'));
  symlinkSync(join(oldHome, 'elsewhere/notes'), join(staging, 'workspace/notes'));
  symlinkSync(`${oldHome}2/not-ours`, join(staging, 'workspace/neighbour'));
  const allow = { pattern: join(oldHome, 'bin/*'), lastResolvedPath: join(oldHome, 'bin/tidy') };
  const approvals = {
    socket: { path: join(stateDir, 'exec-approvals.sock') },
    agents: { main: { allowlist: [allow] } },
  };
  put(join(staging, 'exec-approvals.json'), JSON.stringify(approvals));
}

/** All that a state is but for times, which come back to the microsecond. */
function contents(staging: string): unknown[] {
  return [...listTree(staging)].map(([path, { type, mode, link, sha256 }]) => [path, type, mode, link, sha256]);
}

async function reconciled(options: StagedOptions): Promise<Staged & { read: (file: string) => string }> {
  const staged = await stagedState({ furnish, ...options });
  await reconcile(staged.plan).apply(staged.world, null);
  return { ...staged, read: (file) => readFileSync(join(staged.staging, file), 'utf8') };
}

describe.each(HOMES)('a state that moves %s', (_, oldHome, newHome) => {
  const [oldState, newState] = [join(oldHome, '.smart-agent-neo'), join(newHome, '.smart-agent-neo')];

  it('names the new places in config, included part, session index, approvals and Git files', async () => {
    const { read } = await reconciled({ oldHome, newHome });
    const config = readConfig(read('smart-agent-neo.json')) as Record<string, never>;
    expect(config).toMatchObject({
      agents: {
        defaults: { workspace: join(newState, 'workspace') },
        list: [{}, { workspace: join(newState, 'workspace-ops'), agentDir: join(newState, 'agents/ops/agent') }],
      },
      skills: { load: { extraDirs: [join(newState, 'skills')] } },
      hooks: { path: '/hooks', transformsDir: join(newState, 'hooks') },
      neighbour: { dir: `${oldHome}2/not-ours` },
    });
    expect(read('smart-agent-neo.json')).toContain('// Kept by hand: comments and trailing commas stay.');
    expect(readConfig(read('channels.json5'))).toMatchObject({
      telegram: { tokenFile: join(newState, 'credentials/telegram-token.txt') },
    });
    const sessions = JSON.parse(read('agents/main/sessions/sessions.json')) as Record<string, { sessionFile: string }>;
    const folders = Object.values(sessions).map(({ sessionFile }) => dirname(sessionFile));
    expect(new Set(folders)).toEqual(new Set([join(newState, 'agents/main/sessions')]));
    expect(JSON.parse(read('exec-approvals.json'))).toEqual({
      socket: { path: join(newState, 'exec-approvals.sock') },
      agents: {
        main: { allowlist: [{ pattern: join(oldHome, 'bin/*'), lastResolvedPath: join(newHome, 'bin/tidy') }] },
      },
    });
    expect(read('workspace/tree/.git')).toBe(`gitdir: ${newState}/workspace/.git/worktrees/tree\n`);
    expect(read('workspace/.git/worktrees/tree/gitdir')).toBe(`${newState}/workspace/tree/.git\n`);
  });

  it('leaves what does not move as it was, and free text and transcripts in any case (F114)', async () => {
    const { staging, plan, world } = await stagedState({ oldHome, newHome, furnish });
    const was = listTree(staging);
    await reconcile(plan).apply(world, null);
    const is = listTree(staging);
    const read = (file: string): string => readFileSync(join(staging, file), 'utf8');
    expect(read('workspace/.git/worktrees/away/gitdir')).toBe(`${oldHome}/elsewhere/.git\n`);
    expect(read('workspace/.git/modules/sub/config')).toContain(`url = ${oldHome}/upstream`);
    expect(readlinkSync(join(staging, 'workspace/skills'))).toBe(join(newState, 'skills'));
    expect(readlinkSync(join(staging, 'workspace/notes'))).toBe(join(oldHome, 'elsewhere/notes'));
    expect(readlinkSync(join(staging, 'workspace/neighbour'))).toBe(`${oldHome}2/not-ours`);
    const changed = [...was].flatMap(([path, { type, sha256 }]) =>
      type === 'f' && is.get(path)?.sha256 !== sha256 ? [path] : [],
    );
    expect(changed.sort()).toEqual([
      'agents/main/sessions/sessions.json',
      'agents/ops/sessions/sessions.json',
      'channels.json5',
      'exec-approvals.json',
      'smart-agent-neo.json',
      'workspace/.git/modules/sub/config',
      'workspace/.git/worktrees/tree/gitdir',
      'workspace/tree/.git',
    ]);
  });

  it('has a reverse map that leads each rewritten value back, and is as before once it is taken back', async () => {
    const staged = await stagedState({ oldHome, newHome, furnish });
    const before = contents(staged.staging);
    const step = reconcile(staged.plan);
    await step.apply(staged.world, null);
    const after = contents(staged.staging);
    await step.apply(staged.world, null);
    expect(contents(staged.staging)).toEqual(after);
    const event = staged.events.findLast(({ type }) => type === 'run.reconciled');
    if (event?.type !== 'run.reconciled' || event.map === undefined) throw new Error('it told of no map');
    const map = JSON.parse(readFileSync(event.map, 'utf8')) as ReverseMap;
    expect(map.prefixes).toContainEqual({ new: newState, old: oldState });
    const entries = map.files.flatMap((file) => file.entries);
    expect(entries.length).toBe(event.rewrites.length);
    expect(map.files.find(({ path }) => path === join(newState, 'smart-agent-neo.json'))?.entries).toContainEqual({
      at: '/agents/defaults/workspace',
      new: join(newState, 'workspace'),
      old: join(oldState, 'workspace'),
    });
    await step.undo(staged.world, null);
    expect(contents(staged.staging)).toEqual(before);
    expect(existsSync(event.map)).toBe(false);
  });
});

describe('patterns of the exec approvals', () => {
  it('are rewritten with --rewrite-approvals, which is a consent of its own', async () => {
    const { read } = await reconciled({ oldHome: '/home/olga', newHome: '/home/nick', rewriteApprovals: true });
    expect(read('exec-approvals.json')).toContain('"pattern":"/home/nick/bin/*"');
  });
});

describe('the other names of macOS', () => {
  it('lead to the new place from config and links alike', async () => {
    const { read, staging } = await reconciled({
      oldHome: '/Users/olga',
      newHome: '/home/nick',
      furnish: (folder) => {
        const long = '/System/Volumes/Data/Users/olga/.smart-agent-neo';
        writeFileSync(join(folder, 'channels.json5'), `{ telegram: { tokenFile: "${long}/credentials/t" } }`);
        symlinkSync(`${long}/media`, join(folder, 'workspace/pictures'));
      },
    });
    expect(read('channels.json5')).toContain('"/home/nick/.smart-agent-neo/credentials/t"');
    expect(readlinkSync(join(staging, 'workspace/pictures'))).toBe('/home/nick/.smart-agent-neo/media');
  });
});
