import { expect, test } from 'vitest';
import type { Inventory } from '../../src/core/inventory.ts';
import { secretChecks, secretsOutside } from '../../src/checks/secrets-outside.ts';
import { gatewayFacts, inventory, machineFacts, newMachineFacts, SERVICE } from './facts.ts';

const product = 'smart-agent-neo';
const plain = { product, carryEnv: false } as const;
const carrying = { product, carryEnv: true } as const;
const config = {
  models: { key: '${MODEL_KEY}', note: 'costs $${NOT_ONE}, ${HOME}/x', both: '${A}${B}' },
  channels: { telegram: { token: { source: 'env', provider: 'default', id: 'BOT_TOKEN' } } },
  env: { B: 'set here', vars: { C: 'too' } },
};

async function told(facts: Inventory, of: unknown = config, how: Parameters<typeof secretsOutside>[2] = plain) {
  const seen = { ...facts, outside: secretsOutside(facts, of, how) };
  return (await Promise.all(secretChecks(seen, of).map((check) => check.run()))).flat();
}

test('what the config uses and nothing that moves sets is named, with all that sets it on the old machine (F55)', async () => {
  const setBy = {
    MODEL_KEY: 'drop-in keys.conf',
    EXTRA: 'file /etc/neo.env',
    PATH: 'unit',
    SMART_AGENT_NEO_GATEWAY_TOKEN: 'unit',
  };
  const process = { pid: 7, startTime: '1', foundBy: 'lock file', variables: ['BOT_TOKEN', 'PATH'] };
  const facts = inventory({
    gateway: gatewayFacts({ service: { ...SERVICE, setBy }, process }),
    old: machineFacts({ exports: [{ name: 'BOT_TOKEN', file: '/home/al/.bashrc' }] }),
  });
  const unit = `unit ${SERVICE.unit}`;
  const left = { fate: 'left', satisfiedBy: null };
  expect(secretsOutside(facts, config, plain)).toEqual([
    { name: 'A', isAskedFor: true, setBy: [], ...left },
    { name: 'BOT_TOKEN', isAskedFor: true, setBy: ['running process 7', '/home/al/.bashrc'], ...left },
    { name: 'EXTRA', isAskedFor: false, setBy: [`${unit} (file /etc/neo.env)`], ...left },
    { name: 'MODEL_KEY', isAskedFor: true, setBy: [`${unit} (drop-in keys.conf)`], ...left },
  ]);
  const carried = secretsOutside(facts, config, carrying).map(({ name, fate }) => [name, fate]);
  expect(carried).toEqual([
    ['A', 'left'],
    ['BOT_TOKEN', 'carried'],
    ['EXTRA', 'carried'],
    ['MODEL_KEY', 'carried'],
  ]);
  const [rest] = await told(facts, config, carrying);
  expect(rest?.message).toBe('Not in the state that moves: A (used by the config, not seen to be set by anything).');
  expect(rest?.hint).toMatch(/^These cannot be carried: /);
  const [problem, ...more] = await told(facts);
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ code: 'secret-left-behind', stops: false });
  expect(problem?.message).toContain('A (used by the config, not seen to be set by anything)');
  expect(problem?.hint).toContain('/home/al/.smart-agent-neo/.env');
  expect(problem?.hint).toMatch(/^Give --carry-env/);
});

test('what .env has, or the service manager here, is satisfied; what only a shell here exports is not', async () => {
  const facts = inventory({
    gateway: gatewayFacts({ dotEnv: ['MODEL_KEY', 'A'] }),
    new: newMachineFacts({
      exports: [
        { name: 'BOT_TOKEN', file: '/home/bo/.config/environment.d/neo.conf' },
        { name: 'D', file: '/home/bo/.bashrc' },
      ],
    }),
  });
  expect(await told(facts)).toEqual([]);
  expect((await told(facts, { x: '${D}' })).map(({ code }) => code)).toEqual(['secret-left-behind']);
});

test("what is the product's own or belongs to the account is never carried, whoever asks for it", () => {
  const names = [
    'SMART_AGENT_NEO_GATEWAY_TOKEN',
    'SMART_AGENT_NEO_STATE_DIR',
    'PATH',
    'NODE_OPTIONS',
    'XDG_RUNTIME_DIR',
  ];
  const setBy = Object.fromEntries([...names, 'HOME', 'MINE'].map((name) => [name, 'unit']));
  const facts = inventory({ gateway: gatewayFacts({ service: { ...SERVICE, setBy } }) });
  const asks = { all: names.map((name) => `\${${name}}`).join(':') };
  const fates = secretsOutside(facts, asks, carrying).map(({ name, fate }) => [name, fate]);
  expect(fates).toEqual([['MINE', 'carried'], ...names.map((name) => [name, 'left'])].sort());
});

test('what a unit sets and .env or this machine has too is told with what satisfies it here', () => {
  const setBy = { MODEL_KEY: 'unit', B: 'unit', BOT_TOKEN: 'unit' };
  const process = { pid: 7, startTime: '1', foundBy: 'lock file', variables: ['A'] };
  const file = '/home/bo/.config/environment.d/neo.conf';
  const facts = inventory({
    gateway: gatewayFacts({ service: { ...SERVICE, setBy }, process, dotEnv: ['MODEL_KEY', 'A'] }),
    new: newMachineFacts({ exports: [{ name: 'BOT_TOKEN', file }] }),
  });
  const by = secretsOutside(facts, config, carrying).map(({ name, fate, satisfiedBy }) => [name, fate, satisfiedBy]);
  expect(by).toEqual([
    ['B', 'moves', 'the config'],
    ['BOT_TOKEN', 'here', file],
    ['MODEL_KEY', 'moves', '.env of the state dir'],
  ]);
});

test('a program that hands out secrets is named: what its keychain holds does not move', async () => {
  const providers = { mac: { source: 'exec', command: '/usr/bin/security' }, file: { source: 'file', path: '~/x' } };
  const [problem] = await told(inventory(), { secrets: { providers } });
  expect(problem).toMatchObject({ code: 'secret-by-command', stops: false });
  expect(problem?.message).toContain('mac runs /usr/bin/security.');
});

test('a config of any shape is read without throwing, and a name cannot steer a terminal (F41, F52)', async () => {
  for (const odd of [null, 1, [], { env: [], secrets: 7 }, { secrets: { providers: [null, 'x'] } }]) {
    expect(await told(inventory(), odd)).toEqual([]);
  }
  const setBy = { 'X\u001b[31m': 'unit' };
  const [problem] = await told(inventory({ gateway: gatewayFacts({ service: { ...SERVICE, setBy } }) }), null);
  expect(problem?.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
