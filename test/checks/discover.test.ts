import { expect, test } from 'vitest';
import type { GatewayFacts, MachineFacts } from '../../src/core/inventory.ts';
import { problemOf, type Problem } from '../../src/core/problem.ts';
import { discover, type Choice } from '../../src/checks/discover.ts';
import { gatewayFacts, machineFacts, SERVICE } from './facts.ts';

const product = 'smart-agent-neo';

function pick(gateways: readonly GatewayFacts[], choice: Partial<Choice> = {}, machine: Partial<MachineFacts> = {}) {
  return discover(machineFacts({ gateways, ...machine }), { product, profile: null, ...choice });
}

function refused(...given: Parameters<typeof pick>): Problem {
  try {
    pick(...given);
  } catch (thrown) {
    return problemOf(thrown);
  }
  throw new Error('it was not refused');
}

const main = gatewayFacts({ configText: '{ gateway: { port: 1234 } }' });
const work = gatewayFacts({
  profile: 'work',
  stateDir: '/home/al/.smart-agent-neo-work',
  realStateDir: '/home/al/.smart-agent-neo-work',
  configPath: '/home/al/.smart-agent-neo-work/smart-agent-neo.json',
  process: null,
  service: { ...SERVICE, active: false, execStart: ['/x', 'gateway', '--port', '20000'] },
});

test('the only gateway is the one', () => {
  expect(pick([main])).toBe(main);
  expect(pick([work])).toBe(work);
});

test('the profile that was named is the one', () => {
  expect(pick([main, work], { profile: ['work'] })).toBe(work);
});

test('of several without a name none is picked; they are listed with place, port and whether they run', () => {
  const problem = refused([work, main]);
  expect(problem.code).toBe('profile-ambiguous');
  expect(problem.message).toContain('work (/home/al/.smart-agent-neo-work, port 20000, stopped)');
  expect(problem.message).toContain('default (/home/al/.smart-agent-neo, port 1234, running)');
  expect(problem.hint).toContain('--profile default');
  expect(problem.detail).toMatchObject([
    { profile: 'work', port: 20000, running: false },
    { profile: 'default', running: true },
  ]);
});

test('two profiles named at once are one too many', () => {
  expect(refused([main, work], { profile: ['default', 'work'] }).code).toBe('profile-ambiguous');
});

test('a profile that is not there is answered with those that are', () => {
  const problem = refused([main, work], { profile: ['wrok'] });
  expect(problem.code).toBe('profile-missing');
  expect(problem.message).toMatch(/no profile wrok .*default .*work /);
});

test('no state dir: the words say where was looked, and whether the product is there', () => {
  const problem = refused([]);
  expect(problem.code).toBe('state-dir-missing');
  expect(problem.message).toContain('/home/al/.smart-agent-neo, /home/al/.smart-agent-neo-*');
  expect(problem.message).toContain('installed as /usr/bin/smart-agent-neo');
  expect(refused([], { product: 'openclaw' }).message).toContain('/home/al/.clawdbot');
});

test('no state dir and no product: the wrong machine, or the wrong user', () => {
  expect(refused([], {}, { product: null }).code).toBe('product-missing-old');
});

test('the state dir that was named decides over everything else, and has to be there', () => {
  const data = gatewayFacts({ stateDir: '/data', realStateDir: '/data', sources: ['flag'] });
  expect(pick([main, data, work], { stateDir: '/data' })).toBe(data);
  const problem = refused([main], { stateDir: '/daat' });
  expect(problem).toMatchObject({ code: 'state-dir-missing' });
  expect(problem.message).toContain('/daat');
});

test('sources that name different places for one profile are a conflict that only a person can end', () => {
  const other = gatewayFacts({
    stateDir: '/data/my neo',
    realStateDir: '/data/my neo',
    sources: ['unit smart-agent-neo-gateway.service', 'running process 7'],
  });
  const problem = refused([other, main]);
  expect(problem.code).toBe('discovery-conflict');
  expect(problem.message).toContain(
    'unit smart-agent-neo-gateway.service and running process 7: state dir /data/my neo',
  );
  expect(problem.message).toContain('default: state dir /home/al/.smart-agent-neo');
  expect(problem.hint).toBe("Name the right one: --state-dir '/data/my neo'");
});

test('two configs of one state dir are a conflict that --gateway-config ends, also where the state dir was named (F55)', () => {
  const unit = gatewayFacts({ configPath: '/etc/neo.json', sources: ['unit x', 'flag'] });
  const process = gatewayFacts({ configPath: '/srv/neo.json', sources: ['running process 7'] });
  for (const choice of [{}, { stateDir: unit.stateDir }]) {
    const problem = refused([unit, process], choice);
    expect(problem.code).toBe('discovery-conflict');
    expect(problem.message).toMatch(
      /unit x and flag: .*config \/etc\/neo\.json; running process 7: .*\/srv\/neo\.json/,
    );
    expect(problem.hint).toBe('Name the right one: --gateway-config /etc/neo.json');
  }
  expect(pick([unit, process], { configPath: '/srv/neo.json' })).toBe(process);
  expect(refused([unit, process], { configPath: '/x' })).toMatchObject({ code: 'state-dir-missing' });
});

test('two profiles said of one gateway are a conflict that --profile ends', () => {
  const sayings = [
    { what: 'profile', value: 'work', sources: ['unit x'] },
    { what: 'profile', value: 'home', sources: ['running process 7'] },
  ] as const;
  const gateway = gatewayFacts({ profile: 'work', sayings });
  const problem = refused([gateway]);
  expect(problem).toMatchObject({ code: 'discovery-conflict', hint: 'Name the right one: --profile work' });
  expect(problem.message).toContain('work (unit x), home (running process 7)');
  expect(pick([gateway], { profile: ['home'] }).profile).toBe('home');
});

test('two units that start one stopped gateway on two ports are a conflict; a running one has only one', () => {
  const sayings = [
    { what: 'port', value: '1000', sources: ['unit a'] },
    { what: 'port', value: '2000', sources: ['unit b (drop-in p.conf)'] },
  ] as const;
  const gateway = gatewayFacts({ sayings, process: null });
  const problem = refused([gateway]);
  expect(problem).toMatchObject({ code: 'discovery-conflict', hint: 'Name the right one: --gateway-port 1000' });
  expect(problem.message).toContain('1000 (unit a), 2000 (unit b (drop-in p.conf))');
  expect(pick([gateway], { port: 2000 })).toBe(gateway);
  const running = { ...gateway, process: { pid: 7, startTime: '1', foundBy: 'lock file', ports: [3000] } };
  expect(pick([running])).toBe(running);
});

test.each([
  [
    "{ gateway: { mode: 'remote', remote: { url: 'wss://real.example:18789/x' } } }",
    /the one on real\.example,/,
    'neo-pull real.example',
  ],
  ["{ gateway: { mode: 'remote', remote: { url: 'not a url' } } }", /does not say of which/, 'client of'],
  ["{ gateway: { mode: 'remote' } }", /does not say of which/, 'client of'],
])('a client of another gateway (%s) is refused, naming where the state is', (configText, message, hint) => {
  const problem = refused([gatewayFacts({ configText })]);
  expect(problem.code).toBe('remote-mode');
  expect(problem.message).toMatch(message);
  expect(problem.hint).toContain(hint);
});

test('a config that does not parse is picked all the same: pre-flight refuses it', () => {
  expect(pick([gatewayFacts({ configText: '{' })]).configText).toBe('{');
});

test('what the old machine calls its profiles cannot steer a terminal (F41)', () => {
  const evil = gatewayFacts({ profile: '\x1b[2J\n::error::', stateDir: '/x\x9b31m' });
  const { message, hint } = refused([main, evil]);
  expect(message + hint).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
