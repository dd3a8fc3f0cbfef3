import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config-text.ts';
import {
  configuredDirs,
  configuredNames,
  configuredStores,
  member,
  workspacesOf,
} from '../../src/checks/gateway-config.ts';
import { codeOf, gatewayFacts } from './facts.ts';

const machine = { product: 'smart-agent-neo', home: '/home/al' } as const;

function dirs(config: string | null, gateway = gatewayFacts()) {
  return configuredDirs(config === null ? null : readConfig(config), gateway, machine).map(({ path }) => path);
}

describe('the directories', () => {
  test('of a config that says nothing are the usual workspace, also for another state dir', () => {
    expect(dirs(null)).toEqual(['/home/al/.smart-agent-neo/workspace']);
    expect(dirs('{}', gatewayFacts({ stateDir: '/data' }))).toEqual(['/home/al/.smart-agent-neo/workspace']);
    expect(dirs('{}', gatewayFacts({ profile: 'p' }))).toEqual(['/home/al/.smart-agent-neo/workspace-p']);
  });

  test('of the default agent are its own, else the shared one; those of others are their own, else in the state dir', () => {
    const list = "[{ id: 'a' }, { id: 'b', default: true }, { id: 'c', workspace: '~/c' }]";
    expect(dirs(`{ agents: { defaults: { workspace: '/work/' }, list: ${list} } }`)).toEqual([
      '/home/al/.smart-agent-neo/workspace-a',
      '/work',
      '/home/al/c',
    ]);
    expect(dirs("{ agents: { list: [{ id: 'a', workspace: '/own' }], defaults: { workspace: '/work' } } }")).toEqual([
      '/own',
    ]);
  });

  test('of agents and sessions outside of the state dir are named, each once', () => {
    const config = `{
      agents: { list: [{ id: 'a', workspace: '/w', agentDir: '\${HOME}/agents/a' }, { id: 'b', workspace: '/w/' }] },
      session: { store: '/sessions/{agentId}/sessions.json' },
    }`;
    expect(dirs(config)).toEqual(['/w', '/home/al/agents/a', '/sessions/a', '/sessions/b']);
    expect(workspacesOf(readConfig(config), gatewayFacts(), machine)).toMatchObject([
      { kind: 'workspace', agent: 'a', path: '/w', from: 'agents.list[0].workspace' },
    ]);
  });

  test('of agents that a later release has by their names are the same as of a list', () => {
    const listed = "{ agents: { list: [{ id: 'a', workspace: '/w', agentDir: '~/a' }, { id: 'b', default: true }] } }";
    const named = "{ agents: { entries: { a: { workspace: '/w', agentDir: '~/a' }, b: { default: true } } } }";
    expect(dirs(listed)).toEqual(['/w', '/home/al/a', '/home/al/.smart-agent-neo/workspace']);
    expect(dirs(named)).toEqual(dirs(listed));
  });

  test.each(['.', 'relative', '~root/x', '$HOME/x', '${OTHER}/x', '/x/${NAME}', 'C:\\\\x'])(
    'a workspace %s is refused: nobody but the gateway knows where that is (F56)',
    (workspace) => {
      const configured = () => dirs(`{ agents: { defaults: { workspace: '${workspace}' } } }`);
      expect(codeOf(configured)).toBe('root-refused');
    },
  );

  test('of a config of other shapes than expected are the usual ones (F52)', () => {
    for (const config of [
      '[]',
      '1',
      "{ agents: 'x' }",
      '{ agents: { list: [1, null, {}] } }',
      '{ agents: { list: {} } }',
    ]) {
      expect(dirs(config).length).toBeLessThanOrEqual(1);
    }
  });

  test('of a config with names that mean something to JavaScript are not taken from there (F52)', () => {
    expect(member(readConfig("{ '__proto__': { x: 1 } }"), 'x')).toBeUndefined();
    expect(member({}, 'constructor')).toBeUndefined();
  });
});

describe('what a config names', () => {
  const names = (config: string) => configuredNames(readConfig(config)).map(([kind, name]) => `${kind} ${name}`);

  test('are its agents, listed or by name, and the accounts of its channels', () => {
    expect(
      names(`{
        agents: { list: [{ id: 'main' }, { id: 'ops' }], entries: { ops: {}, mail: {} } },
        channels: { defaults: {}, telegram: { accounts: { work: {}, home: {} } }, whatsapp: { enabled: false } },
      }`),
    ).toEqual([
      'configured-agent main',
      'configured-agent ops',
      'configured-agent mail',
      'configured-channel telegram: work',
      'configured-channel telegram: home',
      'configured-channel whatsapp: default',
    ]);
  });

  test('is the same once a doctor has written out the one account of a channel, and the list of agents by name', () => {
    const before = names("{ agents: { list: [{ id: 'a' }] }, channels: { telegram: { botToken: 'x' } } }");
    const after = names('{ agents: { entries: { a: {} } }, channels: { telegram: { accounts: { default: {} } } } }');
    expect(after).toEqual(before);
  });

  test.each([
    'null',
    '{}',
    '[]',
    "{ agents: { list: 1, entries: [] }, channels: 'x' }",
    '{ channels: { __proto__: 1 } }',
  ])('%s is nothing that is not there (F52)', (config) =>
    expect(names(config).filter((name) => !name.includes('__proto__'))).toEqual([]),
  );

  test('for the sessions of each agent is a file, wherever that is', () => {
    const config = readConfig(
      "{ agents: { list: [{ id: 'a' }, { id: 'b' }] }, session: { store: '~/s/{agentId}.json' } }",
    );
    expect(configuredStores(config, '/home/al')).toEqual(['/home/al/s/a.json', '/home/al/s/b.json']);
    expect(configuredStores(readConfig('{}'), '/home/al')).toEqual([]);
  });
});
