import { describe, expect, it } from 'vitest';
import type { NamedPath } from '../../src/checks/named-paths.ts';
import { namedPaths } from '../../src/checks/named-paths.ts';
import type { PathFacts } from '../../src/checks/see-paths.ts';
import { placeOf, verdictOn, type Moving, type MovingDirectory } from '../../src/checks/verdict.ts';
import { EXCLUDE_TABLE, parseExclude } from '../../src/core/exclude.ts';
import { whyItStays } from '../../src/core/fate.ts';
import { gatewayFacts, machineFacts, newMachineFacts } from './facts.ts';

const STATE: MovingDirectory = {
  id: 'state',
  room: 'state',
  realPath: '/home/al/.smart-agent-neo',
  newPath: '/home/bo/.smart-agent-neo',
  workspaces: ['workspace'],
};
const MOVING: Moving = {
  old: machineFacts(),
  here: newMachineFacts(),
  stateDir: STATE.realPath,
  directories: [STATE],
  rules: [...EXCLUDE_TABLE, parseExclude('*.big')],
};

function named(path: string, changes: Partial<NamedPath> = {}): NamedPath {
  return { path, namedBy: 'smart-agent-neo.json: /x', as: 'value', room: 'state', to: null, ...changes };
}

function facts(realPath: string, changes: Partial<PathFacts> = {}): PathFacts {
  return {
    kind: 'file',
    realPath,
    link: null,
    isReadable: true,
    isEmpty: false,
    isMount: false,
    isProgram: false,
    bytes: 1,
    ...changes,
  };
}

function verdict(path: string, seen: Partial<PathFacts> | null = {}, as: NamedPath['as'] = 'value') {
  return verdictOn(named(path, { as }), seen === null ? undefined : facts(path, seen), MOVING);
}

describe('the verdict on a path', () => {
  it('is that it moves inside of a directory, by its real path, or for its own sake', () => {
    expect(verdict('/home/al/.smart-agent-neo/x')).toEqual({ within: STATE });
    expect(verdict('/srv/link/x', { realPath: '/home/al/.smart-agent-neo/x' })).toEqual({ within: STATE });
    expect(verdict('/home/al/bot.token')).toEqual({ alone: true });
    expect(verdict('/home/al/skills', { kind: 'dir' }, 'directory')).toEqual({ alone: true });
    expect(verdict('/home/al/dotfiles', { kind: 'dir' }, 'linked')).toEqual({ alone: true });
  });

  it.each([
    ['missing', verdict('/home/al/x', { kind: 'none' })],
    ['missing', verdict('/webhook', { kind: 'none' })],
    ['unseen', verdict('/home/al/x', null)],
    ['unreadable', verdict('/home/al/x', { isReadable: false })],
    ['home', verdict('/home/al', { kind: 'dir' }, 'linked')],
    ['system', verdict('/usr/bin/chromium')],
    ['system', verdict('/home/al/Library/Messages/chat.db')],
    ['installation', verdict('/home/al/.nvm/versions/node/v22/bin/node', { isProgram: true })],
    ['installation', verdict('/home/al/x/node_modules/y/plugin', { kind: 'dir' }, 'directory')],
    ['program', verdict('/home/al/bin/signal-cli', { isProgram: true })],
    ['log', verdict('/home/al/gateway.txt', {}, 'log')],
    ['special', verdict('/home/al/x.sock', { kind: 'other' })],
    ['outside-home', verdict('/srv/data/x')],
    ['outside-home', verdict('/home/alice/x')],
    ['left-out', verdict('/home/al/.smart-agent-neo/logs/x')],
    ['left-out', verdict('/home/al/x.big')],
    ['not-ours', verdict('/home/al/projects', { kind: 'dir' })],
    ['not-ours', verdict('/home/al/note.md', {}, 'link')],
    ['variable', verdict('/srv/${NAME}/x')],
    ['variable', verdict('~other/x')],
  ])('is that it stays, for it is %s', (why, given) => {
    expect(given).toEqual({ why });
    expect(whyItStays({ why: 'program', isHere: false })).toContain('this machine has nothing there');
  });

  it.each([
    '.ssh/authorized_keys',
    '.bashrc',
    '.zshenv',
    '.config/systemd/user/x.service',
    '.local/state/neo-pull/runs/a',
  ])('leaves %s where it is, whoever names it: it decides who gets in, or what starts there', (path) =>
    expect(verdict(`/home/al/${path}`)).toEqual({ why: 'login' }),
  );

  it('does not have a directory moved that holds the state dir', () => {
    const above = { ...MOVING, stateDir: '/home/al/apps/state', directories: [] };
    const seen = facts('/home/al/apps', { kind: 'dir' });
    expect(verdictOn(named('/home/al/apps', { as: 'linked' }), seen, above)).toEqual({ why: 'not-ours' });
  });

  it('takes a file out of the state dir that has to be elsewhere than the state dir goes', () => {
    const elsewhere = { ...STATE, newPath: '/home/bo/other' };
    const approvals = named('/home/al/.smart-agent-neo/exec-approvals.json', {
      to: '/home/bo/.smart-agent-neo/exec-approvals.json',
    });
    const moving = { ...MOVING, directories: [elsewhere] };
    expect(verdictOn(approvals, facts(approvals.path), moving)).toEqual({ alone: true });
    expect(verdictOn(approvals, facts(approvals.path), MOVING)).toEqual({ within: STATE });
  });
});

describe('the place on the new machine', () => {
  it('is the same one in the home, by whole segments; by the real path where the name would lead into a moved directory', () => {
    expect(placeOf({ path: '/home/al/a', realPath: '/home/al/a' }, MOVING)).toBe('/home/bo/a');
    expect(placeOf({ path: '/home/alice/a', realPath: '/home/alice/a' }, MOVING)).toBe('/home/alice/a');
    const stray = { path: '/home/al/.smart-agent-neo/ws', realPath: '/home/al/big/ws' };
    expect(placeOf(stray, MOVING)).toBe('/home/bo/big/ws');
  });
});

describe('the paths that are named', () => {
  it('are those of the config and its parts, once each and tidy, the parts, and the approvals', () => {
    const gateway = gatewayFacts({
      configText: '{ $include: "./part.json5", a: "~/x/", b: "${HOME}/x", logging: { file: "/var/log/g" }, rel: "y" }',
    });
    const includes = [{ path: '/home/al/.smart-agent-neo/part.json5', text: '{ load: { extraDirs: ["~/skills"] } }' }];
    const homes = { home: '/home/al', newHome: '/home/bo', product: 'smart-agent-neo' } as const;
    const found = namedPaths(gateway, includes, homes).map(({ path, as }) => `${as} ${path}`);
    expect(found).toEqual([
      'part /home/al/.smart-agent-neo/smart-agent-neo.json',
      'part /home/al/.smart-agent-neo/exec-approvals.json',
      'part /home/al/.smart-agent-neo/part.json5',
      'value /home/al/x',
      'log /var/log/g',
      'directory /home/al/skills',
    ]);
  });
});
