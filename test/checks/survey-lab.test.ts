import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config-text.ts';
import { discover } from '../../src/checks/discover.ts';
import { configuredDirs } from '../../src/checks/gateway-config.ts';
import { portOf } from '../../src/checks/port.ts';
import { survey } from '../../src/checks/survey.ts';
import { LocalHost } from '../../src/host/local.ts';
import { makeTempLab, type TempLab, type TempLabOptions } from '../kit/temp-lab.ts';
import { clock } from './machine.ts';

let lab: TempLab | null = null;
afterEach(async () => {
  await lab?.destroy();
  lab = null;
});

async function lookAt(options: TempLabOptions) {
  lab = await makeTempLab(options);
  const { old } = lab;
  const host = new LocalHost({ label: 'old machine', env: old.env });
  const facts = await survey(host, { product: 'smart-agent-neo', clock });
  const gateway = discover(facts, { product: 'smart-agent-neo', profile: null });
  const config = readConfig(gateway.configText ?? '{}');
  return { lab, facts, gateway, config };
}

test.each(['service', 'foreground', 'stopped'] as const)(
  'a gateway that is %s is found with its place, port and way of running',
  async (runsAs) => {
    const { lab: made, facts, gateway, config } = await lookAt({ runsAs });
    expect(facts.product).toMatchObject({ version: '2026.2.26', binDir: made.old.product.binDir });
    expect(gateway.stateDir).toBe(path.join(made.old.home, '.smart-agent-neo'));
    expect(portOf(gateway, { config, product: 'smart-agent-neo' })).toBe(made.port);
    expect(gateway.service?.active ?? false).toBe(runsAs === 'service');
    expect(gateway.process !== null).toBe(runsAs !== 'stopped');
    if (gateway.process) expect(made.running('old')).toContain(gateway.process.pid);
    if (gateway.process) expect(gateway.process.variables).toContain('HOME');
    const dirs = configuredDirs(config, gateway, { product: 'smart-agent-neo', home: facts.home });
    expect(dirs.length).toBeGreaterThan(0);
  },
);
