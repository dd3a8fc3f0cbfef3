import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config-text.ts';
import { configuredDirs, member, portOf, workspacesOf } from '../../src/checks/gateway-config.ts';
import { codeOf, gatewayFacts, SERVICE } from './facts.ts';

const machine = { product: 'smart-agent-neo', home: '/home/al' } as const;

function dirs(config: string | null, gateway = gatewayFacts()) {
  return configuredDirs(config === null ? null : readConfig(config), gateway, machine).map(({ path }) => path);
}

describe('the port', () => {
  const process = { pid: 7, startTime: '1', foundBy: 'lock file' };

  test.each([
    [['--port', '1'], '2', 3, 1],
    [['--port=1'], '2', 3, 1],
    [['--port', 'x'], '2', 3, 2],
    [[], '2', 3, 2],
    [[], undefined, 3, 3],
    [[], undefined, '4', 4],
    [[], undefined, 70000, 18789],
    [[], undefined, undefined, 18789],
  ])('of a service with %j, environment %s and config %s is %i', (argv, env, config, port) => {
    const environment = env === undefined ? {} : { SMART_AGENT_NEO_GATEWAY_PORT: env };
    const service = { ...SERVICE, execStart: [...SERVICE.execStart, ...argv], environment };
    expect(portOf(gatewayFacts({ service }), { gateway: { port: config } }, 'smart-agent-neo')).toBe(port);
  });

  test('is the lowest that a running process listens on, unless it listens where it was told to', () => {
    const listening = (ports: readonly number[]) => gatewayFacts({ process: { ...process, ports } });
    const config = { gateway: { port: 3000 } };
    expect(portOf(listening([2999, 3000, 3002]), config, 'smart-agent-neo')).toBe(3000);
    expect(portOf(listening([28789, 28791]), config, 'smart-agent-neo')).toBe(28789);
    expect(portOf(listening([]), config, 'smart-agent-neo')).toBe(3000);
    expect(portOf(gatewayFacts({ process }), null, 'smart-agent-neo')).toBe(18789);
  });
});

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
