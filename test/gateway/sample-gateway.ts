import type { Gateway } from '../../src/core/plan.ts';

/** A gateway that exists nowhere, for what only speaks of gateways. */
export const SAMPLE_GATEWAY: Gateway = {
  product: 'smart-agent-neo',
  profile: 'default',
  argv: ['/opt/neo/bin/node', '/opt/neo/lib/smart-agent-neo/dist/index.js'],
  binDir: '/opt/neo/bin',
  node: '/opt/neo/bin/node',
  home: '/home/ann',
  uid: 1000,
  stateDir: '/home/ann/.smart-agent-neo',
  configPath: '/home/ann/.smart-agent-neo/smart-agent-neo.json',
  port: 20100,
  unit: 'smart-agent-neo-gateway.service',
};
