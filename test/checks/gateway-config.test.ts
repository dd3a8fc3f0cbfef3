import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config-text.ts';
import { configuredDirs, member, workspacesOf } from '../../src/checks/gateway-config.ts';
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
