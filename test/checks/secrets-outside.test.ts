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
  return (await Promise.all(secretChecks(seen, of, product).map((check) => check.run()))).flat();
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
  const [needed, problem, ...more] = await told(facts);
  expect(more).toEqual([]);
  expect(needed).toMatchObject({ code: 'secret-needed', stops: true });
  expect(problem).toMatchObject({ code: 'secret-left-behind', stops: false });
  expect(problem?.message).toContain('A (used by the config, not seen to be set by anything)');
  expect(problem?.message).not.toContain('MODEL_KEY');
  expect(problem?.hint).toContain('/home/al/.smart-agent-neo/.env');
  expect(problem?.hint).toMatch(/^Give --carry-env/);
});

test('a config that cannot be loaded without a variable is refused, unless the old gateway is seen to run without (F55)', async () => {
  const of = { key: '${MODEL_KEY}', note: '${PATH} ${SMART_AGENT_NEO_STATE_DIR}' };
  const running = { pid: 7, startTime: '1', foundBy: 'lock file' };
  const codes = async (facts: Inventory, how = plain as Parameters<typeof told>[2]) =>
    (await told(facts, of, how)).map(({ code, message }) => [code, /MODEL_KEY/.test(message)]);
  const rest = ['secret-left-behind', false];
  const has = inventory({ gateway: gatewayFacts({ process: { ...running, variables: ['MODEL_KEY', 'PATH'] } }) });
  expect(await codes(has)).toEqual([['secret-needed', true], rest]);
  expect(await codes(has, carrying)).toEqual([rest]);
  expect(await codes(inventory())).toEqual([['secret-needed', true], rest]);
  const unseen = inventory({ gateway: gatewayFacts({ process: running }) });
  expect(await codes(unseen)).toEqual([['secret-needed', true], rest]);
  const without = inventory({ gateway: gatewayFacts({ process: { ...running, variables: ['PATH'] } }) });
  expect(await codes(without)).toEqual([['secret-left-behind', true]]);
});

test('keys, tokens and passwords that the running gateway has are named and carried though no config mentions them (F55)', () => {
  const keys = ['ANTHROPIC_API_KEY', 'AWS_ACCESS_KEY_ID', 'GEMINI_API_KEY_2', 'MATRIX_PASSWORD', 'TELEGRAM_BOT_TOKEN'];
  const own = ['SMART_AGENT_NEO_GATEWAY_PASSWORD', 'SMART_AGENT_NEO_GATEWAY_TOKEN', 'SMART_AGENT_NEO_STATE_DIR'];
  const ordinary = ['PATH', 'PWD', 'GIT_ASKPASS', 'SSH_AUTH_SOCK', 'XDG_ACTIVATION_TOKEN', 'NODE_AUTH_TOKEN', 'MAIL'];
  const variables = [...keys, ...own, ...ordinary, 'IN_DOT_ENV_KEY'];
  const process = { pid: 7, startTime: '1', foundBy: 'lock file', variables };
  const setBy = { SMART_AGENT_NEO_GATEWAY_TOKEN: 'unit' };
  const facts = inventory({
    gateway: gatewayFacts({ process, service: { ...SERVICE, setBy }, dotEnv: ['IN_DOT_ENV_KEY'] }),
    old: machineFacts({
      exports: [
        { name: 'ANTHROPIC_API_KEY', file: '/home/al/.bashrc' },
        { name: 'UNREAD_API_KEY', file: '/home/al/.bashrc' },
      ],
    }),
  });
  const names = [...keys, 'SMART_AGENT_NEO_GATEWAY_PASSWORD'].sort();
  const seen = secretsOutside(facts, {}, carrying);
  expect(seen.map(({ name, fate }) => [name, fate])).toEqual(names.map((name) => [name, 'carried']));
  expect(seen[0]).toMatchObject({ isAskedFor: false, setBy: ['running process 7', '/home/al/.bashrc'] });
  expect(secretsOutside(facts, {}, plain).map(({ fate }) => fate)).toEqual(names.map(() => 'left'));
});

test('where nothing runs, what a shell exports counts if it starts the gateway or is asked by it; here as there (F55)', () => {
  const exported = (dir: string) => [
    { name: 'OPENAI_API_KEY', file: `${dir}/.bashrc` },
    { name: 'GROQ_API_KEY', file: `${dir}/.config/environment.d/keys.conf` },
    { name: 'EDITOR', file: `${dir}/.bashrc` },
  ];
  const old = machineFacts({ exports: exported('/home/al') });
  const fates = (facts: Partial<Inventory>, of: unknown) =>
    secretsOutside(inventory({ old, ...facts }), of, carrying).map(({ name, fate }) => [name, fate]);
  const asks = { env: { shellEnv: { enabled: true } } };
  const byService = { gateway: gatewayFacts({ service: SERVICE }) };
  expect(fates({}, {})).toEqual([
    ['GROQ_API_KEY', 'left'],
    ['OPENAI_API_KEY', 'left'],
  ]);
  expect(fates(byService, {})).toEqual([['GROQ_API_KEY', 'left']]);
  const here = { ...byService, new: newMachineFacts({ exports: exported('/home/bo') }) };
  expect(fates(here, asks)).toEqual([
    ['GROQ_API_KEY', 'here'],
    ['OPENAI_API_KEY', 'here'],
  ]);
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
  expect((await told(facts, { x: '${D}' })).map(({ code }) => code)).toEqual(['secret-needed']);
});

test("what is the product's own and no credential, or belongs to the account, is never carried, whoever asks for it", () => {
  const names = ['SMART_AGENT_NEO_STATE_DIR', 'PATH', 'NODE_OPTIONS', 'XDG_RUNTIME_DIR'];
  const setBy = Object.fromEntries([...names, 'HOME', 'MINE'].map((name) => [name, 'unit']));
  const facts = inventory({ gateway: gatewayFacts({ service: { ...SERVICE, setBy } }) });
  const asks = { all: names.map((name) => `\${${name}}`).join(':') };
  const fates = secretsOutside(facts, asks, carrying).map(({ name, fate }) => [name, fate]);
  expect(fates).toEqual([['MINE', 'carried'], ...names.map((name) => [name, 'left'])].sort());
  const token = 'SMART_AGENT_NEO_GATEWAY_TOKEN';
  const its = inventory({ gateway: gatewayFacts({ service: { ...SERVICE, setBy: { [token]: 'unit' } } }) });
  expect(secretsOutside(its, {}, carrying)).toEqual([]);
  expect(secretsOutside(its, { token: `\${${token}}` }, carrying)).toMatchObject([{ name: token, fate: 'carried' }]);
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
