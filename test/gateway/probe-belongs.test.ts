import { describe, expect, it } from 'vitest';
import { belongs, isProduct, saysItServes, straysOf } from '../../src/gateway/probe-belongs.ts';
import type { Proc } from '../../src/gateway/probe-processes.ts';
import { subjectOf } from '../../src/gateway/probe.ts';
import { SAMPLE_GATEWAY } from './sample-gateway.ts';

const OURS = subjectOf(SAMPLE_GATEWAY, null);
const WORK = subjectOf(
  {
    ...SAMPLE_GATEWAY,
    profile: 'work',
    stateDir: '/home/ann/.smart-agent-neo-work',
    configPath: '/home/ann/.smart-agent-neo-work/smart-agent-neo.json',
  },
  null,
);
const OPENCLAW = subjectOf({ ...SAMPLE_GATEWAY, product: 'openclaw', stateDir: '/home/ann/.clawdbot' }, null);
const RUN = [...SAMPLE_GATEWAY.argv];

function proc(argv: readonly string[], comm = 'node'): Proc {
  return { pid: 7, ppid: 1, uid: 1000, comm, startTime: '1', argv };
}

function env(variables: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(variables));
}

describe('a process of the product', () => {
  it.each([
    ['by the start of its title', proc(['smart-agent-neo-gateway'], 'smart-agent-neo')],
    ['by a title that a short command line has cut', proc(['smart-agen'], 'smart-agen')],
    ['by its program, before it has a title', proc([...RUN, 'gateway'])],
    ['by the name of its program, started from elsewhere', proc(['node', '--no-warnings', '/usr/bin/smart-agent-neo'])],
    ['by a wrapper of its name', proc(['/bin/sh', '/usr/bin/smart-agent-neo'], 'smart-agent-neo')],
  ])('is known %s', (_, one) => {
    expect(isProduct(one, OURS)).toBe(true);
  });

  it.each([
    ['an editor of its config', proc(['vim', '/home/ann/.smart-agent-neo/smart-agent-neo.json'], 'vim')],
    ['another Node program', proc(['node', '/srv/app.js', 'smart-agent-neo'])],
    ['a kernel thread', proc([], 'kworker/0:1')],
    ['the other product', proc(['openclaw-gateway'], 'openclaw-gatewa')],
  ])('is not %s', (_, one) => {
    expect(isProduct(one, OURS)).toBe(false);
  });
});

describe('serving', () => {
  it.each([
    ['the title of the serving process', proc(['smart-agent-neo-gateway'], 'smart-agent-neo'), true],
    ['that title, cut', proc(['smart-agent-neo-gat'], 'smart-agent-neo'), true],
    ['the title that every call has', proc(['smart-agent-neo'], 'smart-agent-neo'), false],
    ['gateway', proc([...RUN, 'gateway']), true],
    ['gateway with flags', proc([...RUN, 'gateway', '--port', '1']), true],
    ['gateway run', proc([...RUN, '--profile', 'work', 'gateway', 'run']), true],
    ['gateway status', proc([...RUN, 'gateway', 'status', '--json']), false],
    ['doctor', proc([...RUN, 'doctor']), false],
    ['an agent by the name of gateway', proc([...RUN, 'agents', 'add', 'gateway']), false],
  ])('is told by %s: %#', (_, one, serves) => {
    expect(saysItServes(one, OURS)).toBe(serves);
  });

  it('is told by the short name where the two titles differ in it', () => {
    expect(saysItServes(proc(['x'], 'openclaw-gatewa'), OPENCLAW)).toBe(true);
    expect(saysItServes(proc(['x'], 'openclaw'), OPENCLAW)).toBe(false);
  });
});

describe('whose a process is', () => {
  const titled = proc(['smart-agent-neo'], 'smart-agent-neo');
  const started = (...words: string[]) => proc([...RUN, ...words]);

  it.each([
    ['its state dir', { SMART_AGENT_NEO_STATE_DIR: '/home/ann/.smart-agent-neo/' }, 'ours'],
    ['another state dir', { HOME: '/home/ann', SMART_AGENT_NEO_STATE_DIR: '/srv/neo' }, 'other'],
    ['a state dir with a tilde', { HOME: '/home/ann', SMART_AGENT_NEO_STATE_DIR: '~/.smart-agent-neo' }, 'ours'],
    ['its config', { SMART_AGENT_NEO_CONFIG_PATH: SAMPLE_GATEWAY.configPath }, 'ours'],
    ['another config', { HOME: '/home/ann', SMART_AGENT_NEO_CONFIG_PATH: '/srv/neo.json' }, 'other'],
    ['another home', { HOME: '/home/bea' }, 'other'],
    ["the product's own home variable", { HOME: '/root', SMART_AGENT_NEO_HOME: '/home/ann' }, 'unknown'],
    ['another profile', { HOME: '/home/ann', SMART_AGENT_NEO_PROFILE: 'work' }, 'other'],
    ['the default profile by name', { HOME: '/home/ann', SMART_AGENT_NEO_PROFILE: 'default' }, 'ours'],
    ['nothing but the home, its flags being overwritten', { HOME: '/home/ann' }, 'unknown'],
    ['nothing at all', {}, 'unknown'],
  ])('is decided by %s', (_, variables, whose) => {
    expect(belongs(titled, env(variables), OURS)).toBe(whose);
  });

  it('is decided by the profile flag as long as it can be seen', () => {
    const home = env({ HOME: '/home/ann' });
    expect(belongs(started('--profile', 'work', 'gateway'), home, WORK)).toBe('ours');
    expect(belongs(started('--profile=work', 'gateway'), home, OURS)).toBe('other');
    expect(belongs(started('--dev', 'gateway'), home, OURS)).toBe('other');
    expect(belongs(started('gateway'), home, OURS)).toBe('ours');
    expect(belongs(started('gateway'), home, WORK)).toBe('other');
  });

  it('stays open for a state dir of an earlier name, and where the environment may not be read', () => {
    expect(belongs(proc(['openclaw'], 'openclaw'), env({ HOME: '/home/ann' }), OPENCLAW)).toBe('unknown');
    expect(belongs(titled, null, OURS)).toBe('unknown');
  });
});

describe('what a running gateway was started with', () => {
  const right = { HOME: '/home/ann', SMART_AGENT_NEO_STATE_DIR: '/home/ann/.smart-agent-neo' };
  const strays = (variables: Record<string, string>) =>
    straysOf(proc(['smart-agent-neo-gateway']), env(variables), OURS).map(({ what, is }) => `${what} ${is}`);

  it.each([
    ['all that it should be', right, []],
    ['nothing but its home', { HOME: '/home/ann' }, []],
    ['a state dir by tilde', { HOME: '/home/ann', SMART_AGENT_NEO_STATE_DIR: '~/.smart-agent-neo' }, []],
    [
      'another state dir, and the config in it',
      { ...right, SMART_AGENT_NEO_STATE_DIR: '/srv/x' },
      ['state dir /srv/x', 'config /srv/x/smart-agent-neo.json'],
    ],
    ['another config', { ...right, SMART_AGENT_NEO_CONFIG_PATH: '/srv/c.json' }, ['config /srv/c.json']],
    ['another profile', { ...right, SMART_AGENT_NEO_PROFILE: 'work' }, ['profile work']],
    ['another home', { ...right, SMART_AGENT_NEO_HOME: '/root' }, ['home /root']],
    [
      'the environment of another user',
      { HOME: '/root' },
      ['home /root', 'state dir /root/.smart-agent-neo', 'config /root/.smart-agent-neo/smart-agent-neo.json'],
    ],
  ])('is compared with what was asked for: %s', (_, variables, found) => {
    expect(strays(variables)).toEqual(found);
  });

  it('is not known where it may not be read', () => {
    expect(straysOf(proc(['smart-agent-neo-gateway']), null, OURS)).toEqual([]);
  });
});
