import { describe, expect, it } from 'vitest';
import { keeperChecks } from '../../src/checks/keeper-checks.ts';
import { keepersSeen } from '../../src/checks/keepers-seen.ts';
import type { Answer } from '../../src/checks/survey-answer.ts';
import type { Inventory, KeeperFacts } from '../../src/core/inventory.ts';
import { keeperOf, otherKeepers } from '../../src/core/keepers.ts';
import { gatewayFacts, inventory, machineFacts, planFor, SERVICE } from './facts.ts';

const OWNER = { product: 'smart-agent-neo', home: '/home/al', user: 'al', uid: 1000 } as const;
const ID = 'c0ffee'.padEnd(64, '0');
const PROCESS: Answer = [
  ['process', '7'],
  ['process.cgroup', '0::/\n'],
  ['process.parents', '6 /usr/bin/something\n'],
  ['process.app', ''],
];

/** What is said of process 7, with some of it otherwise. */
function processWith(changes: Readonly<Record<string, string>>): Answer {
  return PROCESS.map(([key, value]) => [key, changes[key] ?? value]);
}

function unit(changes: Readonly<Record<string, string>> = {}): Answer {
  const said = {
    unit: 'neo.service',
    'unit.path': '/etc/systemd/system/neo.service',
    'unit.text': '[Service]\nUser=al\nExecStart=/usr/bin/smart-agent-neo gateway\n',
    'unit.enabled': 'enabled',
    'unit.active': 'active',
    'unit.pid': '6',
    ...changes,
  };
  return Object.entries(said);
}

const seen = (answer: Answer): KeeperFacts[] => keepersSeen(answer, OWNER);

describe('what keeps a gateway running', () => {
  it('is a system unit whose main process is above the gateway, whoever may change it', () => {
    const [found] = seen([...PROCESS, ...unit()]);
    expect(found).toMatchObject({
      supervisor: { kind: 'systemd-system', unit: 'neo.service', sudo: false },
      pids: [7],
      active: true,
      enabled: true,
      mayChange: false,
      places: ['/home/al/.smart-agent-neo'],
    });
    expect(seen([...PROCESS, ...unit({ 'unit.root': 'sudo' })])[0]).toMatchObject({
      supervisor: { sudo: true },
      mayChange: true,
    });
  });

  it('is no unit of another user, and no unit that does not serve', () => {
    const others = {
      'unit.text': '[Service]\nUser=bo\nExecStart=/usr/bin/smart-agent-neo gateway\n',
      'unit.pid': '99',
    };
    const backup = {
      'unit.text': '[Service]\nUser=al\nExecStart=/usr/bin/smart-agent-neo backup create\n',
      'unit.pid': '0',
    };
    expect(seen([...PROCESS, ...unit(others)])).toEqual([]);
    expect(seen([...PROCESS, ...unit(backup)])).toEqual([]);
  });

  it('is pm2 where its daemon stands above the gateway, by the name in its environment', () => {
    const pm = {
      'process.parents': '6 PM2 v5.4.2: God Daemon (/home/al/.pm2)\n',
      'process.app': 'name=neo\nPM2_HOME=/home/al/.pm2\n',
    };
    expect(seen([...processWith(pm), ['pm', 'yes'], ['pm.bin', '/opt/bin/pm2']])[0]).toMatchObject({
      supervisor: { kind: 'pm2', name: 'neo', bin: '/opt/bin/pm2', home: '/home/al/.pm2' },
      pids: [7],
      places: [],
    });
  });

  it('is for the gateway of the home that is in the environment of the app, and of no other', () => {
    const at = (more: string): readonly string[] | undefined => {
      const app = { 'process.parents': '6 PM2 v5.4.2: God Daemon (/x/.pm2)\n', 'process.app': `name=neo\n${more}` };
      return seen([...processWith(app), ['pm', 'yes'], ['pm.bin', '/opt/bin/pm2']])[0]?.places;
    };
    expect(at('HOME=/home/bo\n')).toEqual(['/home/bo/.smart-agent-neo']);
    expect(at('HOME=/home/bo\nSMART_AGENT_NEO_STATE_DIR=/srv/neo\n')).toEqual(['/srv/neo']);
  });

  it('is a container whose engine answers, and something unhandled when it does not', () => {
    const inside = processWith({ 'process.cgroup': `0::/system.slice/docker-${ID}.scope\n` });
    const line = [ID, 'neo', 'running', '"node index.js"', '/home/al/.smart-agent-neo'].join('\t');
    expect(seen([...inside, ['containers.docker', `${line}\n`]])).toMatchObject([
      { supervisor: { kind: 'container', engine: 'docker', name: 'neo' }, active: true, pids: [7] },
    ]);
    expect(seen(inside)).toMatchObject([{ supervisor: null, pids: [7] }]);
    // A machine that is a container itself is no reason.
    expect(seen([['self.cgroup', `0::/docker/${ID}\n`], ...inside])).toEqual([]);
  });

  it('is a container that comes back only if its restart policy says so, and lies where it is mounted from', () => {
    const line = [ID, 'neo', 'exited', '"smart-agent-neo gateway"', 'a-volume'].join('\t');
    const mounts = [{ Type: 'bind', Source: '/home/al/.smart-agent-neo', Destination: '/home/node/.smart-agent-neo' }];
    const shown = (policy: string, more = JSON.stringify(mounts)) =>
      seen([
        ['containers', 'yes'],
        ['containers.docker', `${line}\n`],
        ['inspected.docker', `${ID}|${policy}|bridge|${more}\nWARNING: no such thing\n`],
      ])[0];
    for (const policy of ['always', 'unless-stopped', 'on-failure']) expect(shown(policy)?.enabled).toBe(true);
    for (const policy of ['no', '']) expect(shown(policy)?.enabled).toBe(false);
    const [{ Source: source, Destination: destination } = { Source: '', Destination: '' }] = mounts;
    expect(shown('no')).toMatchObject({
      places: [source],
      inside: { network: 'bridge', mounts: [{ source, destination }] },
    });
    // What was not said is not taken for a no.
    expect(shown('no', '{')).toMatchObject({ enabled: true, places: [] });
    const machine = machineFacts({ keepers: [shown('no')].flatMap((one) => one ?? []) });
    expect(otherKeepers(machine, gatewayFacts({ service: SERVICE }))).toEqual([]);
  });

  it.each(['supervisord', 'runsv', 's6-supervise', 'monit'])('is %s, which cannot be handled', (program) => {
    const above = processWith({ 'process.parents': `6 /usr/bin/${program} -c x\n` });
    expect(seen(above)).toMatchObject([{ supervisor: null, what: program, pids: [7] }]);
  });
});

describe('of several that keep a gateway', () => {
  const container: KeeperFacts = {
    supervisor: { kind: 'container', engine: 'docker', name: 'neo' },
    what: 'the docker container neo',
    ...{ active: true, enabled: true, mayChange: true, pids: [], places: ['/home/al/.smart-agent-neo'] },
  };
  const system: KeeperFacts = {
    ...container,
    supervisor: { kind: 'systemd-system', unit: 'neo.service', sudo: false },
    pids: [7],
  };
  const cron: KeeperFacts = {
    ...container,
    supervisor: null,
    what: 'a line of its crontab',
    active: false,
    places: [],
  };

  it('the one that holds the process is the one, and the others are others', () => {
    const machine = machineFacts({ keepers: [cron, system] });
    expect(keeperOf(machine, gatewayFacts())).toBe(system);
    expect(otherKeepers(machine, gatewayFacts())).toEqual([cron]);
  });

  it('none is, where the user unit runs it', () => {
    const machine = machineFacts({ keepers: [cron] });
    expect(keeperOf(machine, gatewayFacts({ service: SERVICE }))).toBeNull();
    expect(otherKeepers(machine, gatewayFacts({ service: SERVICE }))).toEqual([cron]);
  });

  it('a container with paths or a network of its own is refused, with both named, whatever stops it (F94)', async () => {
    const state = '/home/al/.smart-agent-neo';
    const at = async (destination: string, network: string, source = state) => {
      const inside = { network, mounts: [{ source, destination }] };
      const facts = inventory({
        old: machineFacts({ keepers: [{ ...container, places: [source], inside }] }),
        gateway: gatewayFacts({ process: null }),
      });
      const checks = keeperChecks(facts, planFor(facts)).filter(({ id }) => id === 'container-old');
      return (await Promise.all(checks.map((check) => check.run()))).flat();
    };
    expect(await at(state, 'host')).toEqual([]);
    expect(await at('/home/al', 'host', '/home/al')).toEqual([]);
    const [both, ...more] = await at('/home/node/.smart-agent-neo', 'bridge');
    expect(more).toEqual([]);
    expect(both).toMatchObject({ code: 'container-apart', stops: true });
    expect(both?.message).toContain(`has ${state} as /home/node/.smart-agent-neo`);
    expect(both?.message).toContain('a network of its own (bridge)');
    expect(both?.hint).toContain(`--network host --volume ${state}:${state} --env HOME=/home/al`);
    expect((await at('/data', 'host', '/home/al'))[0]?.message).not.toContain('network of its own');
    expect((await at(state, 'my-net'))[0]?.message).not.toContain(`has ${state} as`);
  });

  it('one of another state dir does not count', () => {
    const machine = machineFacts({ keepers: [{ ...container, places: ['/srv/other'] }] });
    expect(keeperOf(machine, gatewayFacts({ process: null }))).toBeNull();
  });
});

// F94
describe('before anything is changed', () => {
  const base: KeeperFacts = {
    supervisor: null,
    what: 'supervisord',
    ...{ active: true, enabled: true, mayChange: null, pids: [7], places: [] },
  };
  async function problems(
    keepers: readonly KeeperFacts[],
    commands: Inventory['old'] | null = null,
  ): Promise<string[][]> {
    const facts = inventory({ old: machineFacts({ keepers }) });
    const plan = planFor(facts);
    const supervisor =
      commands === null ? (keepers[0]?.supervisor ?? null) : ({ kind: 'commands', stop: 'a', start: 'b' } as const);
    const withIt = { ...plan, old: { ...plan.old, gateway: { ...plan.old.gateway, supervisor } } };
    const found = await Promise.all(keeperChecks(facts, withIt).map((check) => check.run()));
    return found.flat().map(({ code, hint }) => [code, hint]);
  }

  it('one that cannot be handled is refused, and the way out is named', async () => {
    expect(await problems([base])).toEqual([['supervisor-unhandled', expect.stringMatching(/.*--stop-cmd/)]]);
  });

  it('a unit that needs root is refused with the command', async () => {
    const unitKeeper = {
      ...base,
      supervisor: { kind: 'systemd-system', unit: 'neo.service', sudo: false },
      mayChange: false,
    } as const;
    expect(await problems([unitKeeper])).toEqual([
      ['supervisor-needs-root', expect.stringMatching(/.*systemctl stop neo\.service/)],
    ]);
  });

  it('own commands stand in for either', async () => {
    expect(await problems([base], machineFacts())).toEqual([]);
  });

  it('a second one is told of', async () => {
    const second = { ...base, what: 'pm2', active: false, pids: [] };
    expect(await problems([second])).toEqual([['second-supervisor', expect.stringMatching(/./)]]);
  });
});
