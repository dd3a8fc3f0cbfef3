import { describe, expect, test } from 'vitest';
import { portOf, portSayings } from '../../src/checks/port.ts';
import { gatewayFacts, SERVICE } from './facts.ts';

const product = 'smart-agent-neo';

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
    expect(portOf(gatewayFacts({ service }), { config: { gateway: { port: config } }, product })).toBe(port);
  });

  test('is the lowest that a running process listens on, unless it listens where it was told to', () => {
    const listening = (ports: readonly number[]) => gatewayFacts({ process: { ...process, ports } });
    const config = { gateway: { port: 3000 } };
    expect(portOf(listening([2999, 3000, 3002]), { config, product })).toBe(3000);
    expect(portOf(listening([28789, 28791]), { config, product })).toBe(28789);
    expect(portOf(listening([]), { config, product })).toBe(3000);
    expect(portOf(gatewayFacts({ process }), { config: null, product })).toBe(18789);
  });

  test('that a person named counts, unless a running process listens elsewhere', () => {
    const facts = { config: { gateway: { port: 3000 } }, product, flag: 4000 } as const;
    expect(portOf(gatewayFacts(), facts)).toBe(4000);
    expect(portOf(gatewayFacts({ process: { ...process, ports: [5000] } }), facts)).toBe(5000);
  });

  test('is told with all who say it, the one that counts first (F55)', () => {
    const service = {
      ...SERVICE,
      environment: { SMART_AGENT_NEO_GATEWAY_PORT: '2000' },
      setBy: { SMART_AGENT_NEO_GATEWAY_PORT: 'drop-in a.conf' },
    };
    const gateway = gatewayFacts({ service, process: { ...process, ports: [3000] } });
    expect(portSayings(gateway, { config: { gateway: { port: 3000 } }, product })).toEqual([
      { what: 'port', value: '3000', sources: ['running process 7', 'config'] },
      { what: 'port', value: '2000', sources: [`unit ${SERVICE.unit} (drop-in a.conf)`] },
    ]);
    expect(portSayings(gatewayFacts(), { config: {}, product })).toEqual([
      { what: 'port', value: '18789', sources: ['default'] },
    ]);
  });
});
