import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DirFacts, Inventory, MachineFacts, ProductFacts } from '../../src/core/inventory.ts';
import type { Plan, Root } from '../../src/core/plan.ts';
import type { Problem } from '../../src/core/problem.ts';
import { preflight, type PreflightOptions } from '../../src/checks/preflight.ts';
import { productSeen, versionIn } from '../../src/checks/product-seen.ts';
import { readVersion } from '../../src/gateway/answers.ts';
import { absent, dirFacts, gatewayFacts, inventory, machineFacts, newMachineFacts, planFor, SERVICE } from './facts.ts';

interface Given extends Partial<PreflightOptions> {
  readonly plan?: Partial<Plan>;
}

async function judged(changes: Partial<Inventory>, { plan = {}, ...options }: Given = {}): Promise<Problem[]> {
  const facts = inventory(changes);
  const checks = preflight(facts, planFor(facts, plan), { replace: false, ...options });
  return (await Promise.all(checks.map((check) => check.run()))).flat();
}

async function codes(changes: Partial<Inventory>, given: Given = {}): Promise<string[]> {
  return (await judged(changes, given)).map((problem) => problem.code);
}

function oneDir(old: DirFacts, here: DirFacts): Partial<Inventory> {
  return { dirs: [{ old, new: here }] };
}

const OLD = '/home/al/.smart-agent-neo';
const NEW = '/home/bo/.smart-agent-neo';

test('two machines in order pass every check', async () => {
  expect(await codes({})).toEqual([]);
});

test('old paths inside of other words of the config are named by their keys, before anything is copied', async () => {
  const left = [{ root: 'state', file: 'neo.json', at: '/mcp/servers/fs/args/0', count: 2 }];
  const [warned] = await judged({}, { plan: { configRewrites: { count: 0, listed: [], left } } });
  expect(warned).toMatchObject({ code: 'config-names-old-path', stops: false });
  expect(warned?.message).toContain('neo.json /mcp/servers/fs/args/0 (2)');
});

test('a program on a port that the gateway takes beside its own is named', async () => {
  const newPort = { port: 18789, takenBy: null, beside: [{ port: 18791, takenBy: 'chromium (pid 9)' }] };
  const [warned, ...more] = await judged({ newPort });
  expect(more).toEqual([]);
  expect(warned).toMatchObject({ code: 'port-beside-taken', stops: false, detail: { ports: [18791] } });
  expect(warned?.message).toContain('18791 by chromium (pid 9)');
});

test('databases whose paths nothing here can rewrite are refused, with what to install', async () => {
  const files = ['state/smart-agent-neo.sqlite', 'agents/main/agent/x-agent.sqlite'];
  const [refused] = await judged({ databases: { files, failure: 'neither of two can read it' } });
  expect(refused).toMatchObject({ code: 'sqlite-missing-new', stops: true, detail: { files } });
  expect(refused?.message).toContain('state/smart-agent-neo.sqlite and 1 more');
  expect(refused?.hint).toContain('/usr/bin/node');
  expect(await codes({ databases: { files, failure: null } })).toEqual([]);
});

test('the ids of the checks are unique and stay what they are', () => {
  const facts = inventory();
  expect(preflight(facts, planFor(facts), { replace: false }).map((check) => check.id)).toEqual([
    'same-machine',
    'port-free',
    'ports-beside',
    'clock',
    'platform',
    'signs-of-life',
    'supervisor',
    'product-old',
    'node-old',
    'product-new',
    'product-versions',
    'rsync-old',
    'rsync-new',
    'rsync-flavour',
    'rsync-version',
    'sqlite-new',
    'other-products',
    'gateway-runs',
    'stoppable',
    'port-as-said',
    'one-unit',
    'queue',
    'config',
    'keeper-old',
    'container-old',
    'keepers-old',
    'keepers-new',
    'roots-allowed',
    'roots-apart',
    'config-moves',
    'roots-readable',
    'roots-owned',
    'root-is-meant',
    'parents-writable',
    'live-mounts',
    'live-exists',
    'names-apart',
    'place-fit',
    'service-possible',
    'config-paths',
    'roots-unshared',
    'secrets-needed',
    'secrets-move',
    'disk-space',
    'inodes',
  ]);
});

test('all that is wrong is told at once, each with what was seen and what to do', async () => {
  const problems = await judged({
    old: machineFacts({ product: null, rsync: null, clockSkewMs: 9000, arch: 'arm64' }),
    new: newMachineFacts({ product: null, rsync: null, userServices: false }),
    gateway: gatewayFacts({ process: null, queued: 3, configText: '{' }),
    newPort: { port: 18789, takenBy: 'nginx (pid 12)' },
  });
  expect(problems.map((one) => one.code).sort()).toEqual(
    [
      'arch-differs',
      'clock-skew',
      'config-malformed',
      'gateway-stopped',
      'port-taken',
      'product-missing-new',
      'product-missing-old',
      'queue-not-empty',
      'rsync-missing-new',
      'rsync-missing-old',
    ].sort(),
  );
  for (const one of problems) {
    expect(one.message).toMatch(/\.$/);
    expect(one.hint.length).toBeGreaterThan(10);
  }
  expect(problems.find((one) => one.code === 'port-taken')?.message).toContain('nginx (pid 12)');
});

describe('programs', () => {
  const product = machineFacts().product;
  if (product === null) throw new Error('the facts have a product');

  test('a missing product is answered with the commands that install it at the old version', async () => {
    const [one] = await judged({ new: newMachineFacts({ product: null }) });
    expect(one?.code).toBe('product-missing-new');
    expect(one?.hint).toContain('npm install --global smart-agent-neo@2026.2.26');
  });

  test('a version of the old machine that is no version never reaches a command (F54)', async () => {
    const old = machineFacts({ product: { ...product, version: '1; rm -rf ~' } });
    const [one] = await judged({ old, new: newMachineFacts({ product: null }) });
    expect(one?.hint).toContain('`npm install --global smart-agent-neo`');
    expect(one?.hint).not.toContain('rm -rf');
  });

  test.each([
    ['2026.2.26', '2026.2.26', []],
    ['2026.2.26', '2026.10.1', []],
    ['2026.2.26-1', '2026.2.26', []],
    ['2026.10.1', '2026.9.30', ['product-older-new']],
    ['2026.3.1', '2026.2.30', ['product-older-new']],
    [null, '2026.2.26', ['product-version-unknown']],
    ['2026.2.26', null, ['product-version-unknown']],
    [null, null, ['product-version-unknown', 'product-version-unknown']],
  ])('old %s and new %s give %j (F98)', async (was, is, expected) => {
    const old = machineFacts({ product: { ...product, version: was } });
    expect(await codes({ old, new: newMachineFacts({ product: { ...product, version: is } }) })).toEqual(expected);
  });

  test('a state that was last written by a newer product counts as that (F98)', async () => {
    const gateway = gatewayFacts({ configText: "{ meta: { lastTouchedVersion: '2026.9.6' } }" });
    const [one] = await judged({ gateway });
    const detail = { needed: '2026.9.6', has: '2026.2.26', old: '2026.2.26', lastTouched: '2026.9.6' };
    expect(one).toMatchObject({ code: 'product-older-new', detail });
    expect(one?.message).toMatch(
      /^The config was last written by SmartAgentNeo 2026\.9\.6 \(meta\.lastTouchedVersion\), and the old machine runs 2026\.2\.26; this machine has 2026\.2\.26/,
    );
  });

  test('a refusal for the version names both, and the mark in the config only where that decides (F98)', async () => {
    const old = machineFacts({ product: { ...product, version: '2026.9.6' } });
    const gateway = gatewayFacts({ configText: "{ meta: { lastTouchedVersion: '2026.3.13' } }" });
    const [one] = await judged({ old, gateway });
    expect(one?.message).toBe(
      'The old machine runs SmartAgentNeo 2026.9.6; this machine has 2026.2.26, which may not read the state.',
    );
    const silent = machineFacts({ product: { ...product, version: null } });
    const problems = await judged({ old: silent, gateway });
    const words = problems.find(({ code }) => code === 'product-older-new')?.message;
    expect(words).toContain('2026.3.13 (meta.lastTouchedVersion), and the old machine does not tell its version');
  });

  test.each([
    ['before March', '2026.2.26\n', '2026.2.26'],
    ['since March', 'SmartAgentNeo 2026.3.13 (61d171a)\n', '2026.3.13'],
    [
      'with a notice before it',
      '(node:7) Warning: v22.1.0\nSmartAgentNeo 2026.9.6-beta.2 (0a1b2c3)\n',
      '2026.9.6-beta.2',
    ],
  ])('the version as it is told %s is read alike by survey, config and questions', async (_, said, version) => {
    expect(versionIn(said)).toBe(version);
    expect(readVersion(said)).toBe(version);
    const records = {
      'product.found-by': 'PATH',
      'product.bin-dir': '/b',
      'product.bin': '/b/p',
      'product.version': said,
    };
    expect(productSeen(Object.entries(records))?.version).toBe(version);
    const gateway = gatewayFacts({ configText: JSON.stringify({ meta: { lastTouchedVersion: said.trim() } }) });
    const here = newMachineFacts({ product: { ...product, version: '2026.1.1' } });
    const [one] = await judged({ gateway, new: here });
    expect(one).toMatchObject({ code: 'product-older-new', detail: { lastTouched: version } });
  });

  test('a product without a Node is of no use on either side', async () => {
    const without = { ...product, node: null };
    expect(await codes({ old: machineFacts({ product: without }) })).toEqual(['node-missing-old']);
    expect(await codes({ new: newMachineFacts({ product: without }) })).toEqual(['product-missing-new']);
  });

  test.each([
    ['3.2.7', '3.2.7-1', ['rsync-unsafe']],
    ['3.2.7', '3.2.7-1+deb12u4', ['rsync-dated']],
    ['3.4.1', null, ['rsync-dated']],
    ['3.5.0', null, []],
    [null, null, ['rsync-unsafe']],
  ])(
    'an rsync %s (%s) that receives gives %j; the one that sends is not judged',
    async (version, packageVersion, expected) => {
      const rsync = { path: '/usr/bin/rsync', foundBy: 'PATH', version, packageVersion, capabilities: [] };
      expect(await codes({ new: newMachineFacts({ rsync }) })).toEqual(expected);
      expect(await codes({ old: machineFacts({ rsync }) })).toEqual([]);
    },
  );
});

describe('machines', () => {
  const { machineId, bootId, hostname } = machineFacts();
  const same = { machineId, bootId, hostname };
  const overlap = oneDir(dirFacts(OLD), dirFacts(OLD));

  test('one machine under two names is refused, with the same state dir or the same home (F106)', async () => {
    const here = newMachineFacts({ ...same, home: '/home/al', realHome: '/home/al' });
    expect(await codes({ new: here, ...overlap }, { replace: true })).toEqual(['same-machine']);
    expect(await codes({ new: here, ...oneDir(dirFacts(OLD), absent('/home/al/elsewhere')) })).toEqual([
      'same-machine',
    ]);
    const inside = oneDir(dirFacts(OLD), absent(`${OLD}/inside`));
    expect(await codes({ new: newMachineFacts(same), ...inside })).toEqual(['same-machine']);
  });

  test('two users of one machine may move from one to the other', async () => {
    expect(await codes({ new: newMachineFacts(same) })).toEqual([]);
  });

  test('a cloned image has the same machine id and is another machine (F27)', async () => {
    const cloned = newMachineFacts({ ...same, bootId: 'boot-9', home: '/home/al', realHome: '/home/al' });
    expect(await codes({ new: cloned, ...oneDir(dirFacts(OLD), absent(OLD)) })).toEqual([]);
    const container = newMachineFacts({ ...same, hostname: 'c2', home: '/home/al', realHome: '/home/al' });
    expect(await codes({ new: container, ...oneDir(dirFacts(OLD), absent(OLD)) })).toEqual([]);
  });

  test.each([
    [5000, 0, []],
    [5001, 0, ['clock-skew']],
    [-3_600_000, 0, ['clock-skew']],
    [3_600_000, 3_599_000, []],
  ])('a clock that differs by %i ms there and %i ms here gives %j (F77)', async (there, here, expected) => {
    const old = machineFacts({ clockSkewMs: there });
    expect(await codes({ old, new: newMachineFacts({ clockSkewMs: here }) })).toEqual(expected);
  });

  test('a service needs somebody who starts it again, and so does what becomes one here, however it ran before', async () => {
    const service = gatewayFacts({ service: SERVICE });
    for (const lacking of [{ userServices: false }, { linger: false }]) {
      expect(await codes({ gateway: service, new: newMachineFacts(lacking) })).toEqual(['no-supervisor']);
    }
    expect(await codes({ new: newMachineFacts({ linger: false }) })).toEqual(['no-supervisor']);
    expect(await codes({ new: newMachineFacts({ userServices: false }) })).toEqual([]);
    const [one] = await judged({ gateway: service, new: newMachineFacts({ linger: false }) });
    expect(one?.hint).toBe('sudo loginctl enable-linger bo');
  });

  test('another platform is told', async () => {
    // Nothing is stopped on a machine where nobody could prove that it is dead.
    expect(await codes({ old: machineFacts({ platform: 'darwin' }) })).toEqual(['arch-differs', 'platform-unproven']);
  });
});

describe('roots', () => {
  test.each([
    '/',
    '/etc',
    '/etc/neo',
    '/home',
    '/home/al',
    '/usr',
    '/usr/lib/neo',
    '/tmp',
    '/var/lib',
    '/proc/1',
    '/Users',
    '/root',
  ])('%s on the old machine is refused (F56, F57)', async (place) => {
    expect(await codes(oneDir(dirFacts(place), absent(NEW)))).toEqual(['root-refused']);
  });

  test.each(['/', '/home', '/home/bo', '/opt', '/sbin/x'])('%s on this machine is refused (F57)', async (place) => {
    expect(await codes(oneDir(dirFacts(OLD), absent(place)))).toContain('root-refused');
  });

  test('a root that is such a place only by its symlink is refused too', async () => {
    expect(await codes(oneDir(dirFacts(OLD, { realPath: '/home/al' }), absent(NEW)))).toEqual(['root-refused']);
    const old = machineFacts({ realHome: '/data/homes/al' });
    expect(await codes({ old, ...oneDir(dirFacts('/data/homes'), absent(NEW)) })).toEqual(['root-refused']);
  });

  test.each(['/srv/neo', '/opt/neo', '/var/lib/neo', '/tmp/x/neo', '/home/al/work', '/home/alice'])(
    '%s may move',
    async (place) => {
      expect(await codes(oneDir(dirFacts(place), absent(NEW)))).toEqual([]);
    },
  );

  test('what cannot be read is named, unless it is left out anyhow (F63)', async () => {
    const names = ['credentials/a b', 'logs/x.log', 'logs'].map((name) => `${OLD}/${name}`);
    const excludes = [{ pattern: '/logs/', reason: 'logs', room: 'state' }] as const;
    const dirs = oneDir(dirFacts(OLD, { unreadable: names }), absent(NEW));
    const [one, ...more] = await judged(dirs, { plan: { excludes } });
    expect(more).toEqual([]);
    expect(one).toMatchObject({ code: 'root-unreadable', detail: { paths: [`${OLD}/credentials/a b`] } });
    expect(one?.hint).toContain(`'${OLD}/credentials/a b'`);
  });

  test('what would go to one place, or into what is put in place as a whole, is refused', async () => {
    const state = { old: dirFacts(OLD), new: absent(NEW) };
    const to = (place: string) => ({ dirs: [state, { old: dirFacts('/srv/ws'), new: absent(place) }] });
    expect(await codes(to(NEW))).toEqual(['roots-collide']);
    expect(await codes(to(`${NEW}/workspace`))).toEqual(['roots-collide']);
    expect(await codes(to(`${NEW}-2`))).toEqual([]);
    expect(await codes(to('/home/bo'))).toContain('roots-collide');
  });

  test('single files may lie beside each other and in a directory that stays, but not in one that is swapped', async () => {
    const facts = inventory();
    const [state] = planFor(facts).roots;
    if (!state) throw new Error('no state root');
    const files = (oldPath: string, livePath: string, name: string) => ({
      ...state,
      ...{ id: 'files-1', oldPath, livePath, files: [name], filesInPlace: [] },
    });
    const of = (...roots: Root[]) => codes({}, { plan: { roots: [state, ...roots] } });
    expect(await of(files('/home/al', '/home/bo', 'a'), files('/home/al', '/home/bo', 'b'))).toEqual([]);
    expect(await of(files('/home/al', '/home/bo', 'a'), files('/data', '/home/bo', 'a'))).toEqual(['roots-collide']);
    expect(await of(files('/home/al', NEW, 'a'))).toEqual(['roots-collide']);
  });

  test('the product of this machine is not parked with a directory that it is installed in', async () => {
    expect(await codes(oneDir(dirFacts(OLD), absent('/opt/n')), { plan: {} })).toEqual([]);
    const product = { ...newMachineFacts().product, path: '/opt/n/bin/x', argv: ['/opt/n/bin/x'] } as ProductFacts;
    const here = newMachineFacts({ product });
    expect(await codes({ new: here, ...oneDir(dirFacts(OLD), absent('/opt/n')) })).toEqual(['roots-collide']);
  });

  test('an openrsync may send, unless its protocol is too old, and may not receive (F118)', async () => {
    const facts = { path: '/usr/bin/rsync', foundBy: 'PATH', packageVersion: null, capabilities: [] };
    const rsync = { ...facts, version: '2.6.9', flavour: 'openrsync', protocol: 29 } as const;
    expect(await codes({ old: machineFacts({ rsync }) })).toEqual([]);
    expect(await codes({ new: newMachineFacts({ rsync }) })).toEqual(['rsync-not-gnu']);
    const ancient = { ...rsync, version: null, protocol: 27 };
    expect(await codes({ old: machineFacts({ rsync: ancient }) })).toEqual(['rsync-too-old']);
  });

  test('what belongs to somebody else is refused on either side', async () => {
    expect(await codes(oneDir(dirFacts(OLD, { ownerUid: 0 }), absent(NEW)))).toEqual(['root-not-ours']);
    const foreign = oneDir(dirFacts(OLD), dirFacts(NEW, { ownerUid: 1001 }));
    expect(await codes(foreign, { replace: true })).toEqual(['root-not-ours']);
  });

  test('root makes nothing in a place of somebody else, unless root itself is meant', async () => {
    const root = newMachineFacts({ user: 'root', uid: 0 });
    const here = absent(NEW);
    const theirs = { new: root, ...oneDir(dirFacts(OLD), { ...here, parent: { ...here.parent, ownerUid: 1001 } }) };
    expect(await codes(theirs)).toEqual(['owner-unsaid']);
    expect((await judged(theirs))[0]?.hint).toContain('--owner 1001');
    const asked = { ...planFor(inventory(theirs)).asked, rootIsMeant: true };
    expect(await codes(theirs, { plan: { asked } })).toEqual([]);
    const own = { new: root, ...oneDir(dirFacts(OLD), { ...here, parent: { ...here.parent, ownerUid: 0 } }) };
    expect(await codes(own)).toEqual([]);
    const [live] = await judged({ new: root, ...oneDir(dirFacts(OLD), dirFacts(NEW, { ownerUid: 1001 })) });
    expect(live).toMatchObject({ code: 'root-not-ours', hint: 'Move it as that user: --owner 1001' });
  });

  test('a place beside which nothing can be made is refused (F65)', async () => {
    const here = absent(NEW);
    const closed = { ...here, parent: { ...here.parent, writable: false } };
    expect(await codes(oneDir(dirFacts(OLD), closed))).toEqual(['parent-not-writable']);
  });

  test('a live mount point is refused, an old one may move', async () => {
    const mount = dirFacts(NEW, { isMount: true });
    expect(await codes(oneDir(dirFacts(OLD), mount), { replace: true })).toEqual(['root-is-mount']);
    expect(await codes(oneDir(dirFacts(OLD, { isMount: true }), absent(NEW)))).toEqual([]);
  });

  test('what is in place needs consent, and the words say what is parked where', async () => {
    const live = oneDir(dirFacts(OLD), dirFacts(NEW));
    const [one] = await judged(live);
    expect(one).toMatchObject({
      code: 'live-exists',
      stops: true,
      detail: { livePath: NEW, parkedPath: `${NEW}.parked` },
    });
    expect(one?.message).toContain(`parked in ${dirname(NEW)}`);
    expect(await codes(live, { replace: true })).toEqual([]);
  });
});

describe('room', () => {
  const MIB = 1024 ** 2;

  function sized(bytes: number, entries: number, parent: Partial<DirFacts['parent']>, device = '1') {
    const here = absent(NEW);
    return {
      old: dirFacts(OLD, { bytes, entries }),
      new: { ...here, parent: { ...here.parent, device, ...parent } },
    };
  }

  test('a tenth more than the bytes that move, and a block a file, has to be free (F61)', async () => {
    const need = Math.ceil(1.1 * 100 * MIB) + 10 * 4096;
    expect(await codes({ dirs: [sized(100 * MIB, 10, { freeBytes: need })] })).toEqual([]);
    const [one] = await judged({ dirs: [sized(100 * MIB, 10, { freeBytes: need - 1 })] });
    expect(one).toMatchObject({ code: 'disk-too-small', detail: { needBytes: need, freeBytes: need - 1 } });
    expect(one?.message).toContain('110.0 MiB');
  });

  test('roots on one file system are added up, those on two are not', async () => {
    const dirs = (other: string) => {
      const second = sized(100 * MIB, 10, { freeBytes: 150 * MIB }, other);
      const beside = { ...second.new, realPath: '/home/bo/ws' };
      return [sized(100 * MIB, 10, { freeBytes: 150 * MIB }), { ...second, new: beside }];
    };
    expect(await codes({ dirs: dirs('1') })).toEqual(['disk-too-small']);
    expect(await codes({ dirs: dirs('2') })).toEqual([]);
  });

  test('what an earlier pass has staged is not needed again', async () => {
    const tight = { dirs: [sized(100 * MIB, 10, { freeBytes: 20 * MIB })] };
    const staged = [dirFacts(`${NEW}.staging`, { bytes: 95 * MIB, entries: 10 })];
    expect(await codes(tight)).toEqual(['disk-too-small']);
    expect(await codes(tight, { staged })).toEqual([]);
  });

  test('inodes count where the file system counts them (F64)', async () => {
    expect(await codes({ dirs: [sized(1, 1000, { freeInodes: 1100 })] })).toEqual([]);
    const [one] = await judged({ dirs: [sized(1, 1000, { freeInodes: 1099 })] });
    expect(one).toMatchObject({ code: 'inodes-too-few', detail: { needInodes: 1100, freeInodes: 1099 } });
    expect(await codes({ dirs: [sized(1, 1000, { freeInodes: null })] })).toEqual([]);
  });
});

describe('the old gateway', () => {
  test('that is not running, or has messages waiting, may move with a warning', async () => {
    const problems = await judged({ gateway: gatewayFacts({ process: null, queued: 1 }) });
    expect(problems.map(({ code, stops }) => ({ code, stops }))).toEqual([
      { code: 'gateway-stopped', stops: false },
      { code: 'queue-not-empty', stops: false },
    ]);
    expect(problems[1]?.message).toContain('1 message waits');
  });

  test('must not be a service of the whole machine, which comes back whatever this account does (F93)', async () => {
    const process = { pid: 7, startTime: '1', foundBy: 'lock file', systemUnit: 'neo.service' };
    const [one, ...others] = await judged({ gateway: gatewayFacts({ process }) });
    expect(one).toMatchObject({ code: 'system-unit', stops: true, detail: { unit: 'neo.service' } });
    expect(one?.hint).toContain('sudo systemctl disable --now neo.service');
    expect(others).toEqual([]);
  });

  test('must not have a second unit for the same state dir, which would bring it back beside the new one (F93)', async () => {
    const [one, ...others] = await judged({ gateway: gatewayFacts({ service: SERVICE, otherUnits: ['neo.service'] }) });
    expect(others).toEqual([]);
    expect(one).toMatchObject({ code: 'second-unit', stops: true, detail: ['neo.service'] });
    expect(one?.hint).toContain('systemctl --user disable --now neo.service');
  });

  test('may share a directory with a profile that is not used any more, and it is told; not with one that runs', async () => {
    const neighbour = { profile: 'old', path: '/home/al/.smart-agent-neo/workspace', isState: false, isInUse: false };
    expect(await codes({ neighbours: [neighbour] })).toContain('profile-idle');
    expect(await codes({ neighbours: [{ ...neighbour, isInUse: true }] })).toContain('profiles-share');
  });

  test('must not have an enabled unit that nobody answers for, unless there is no systemd at all', async () => {
    const gateway = gatewayFacts({ service: { ...SERVICE, enabled: true } });
    const unasked = { userServices: false, linger: false };
    expect(await codes({ gateway, old: machineFacts(unasked) })).toEqual(['unit-unreachable']);
    expect(await codes({ gateway, old: machineFacts({ ...unasked, linger: null }) })).toEqual([]);
    const disabled = gatewayFacts({ service: { ...SERVICE, enabled: false } });
    expect(await codes({ gateway: disabled, old: machineFacts(unasked) })).toEqual([]);
  });

  test('that listens elsewhere than it is told to now moves with the port that it has, and a warning', async () => {
    const provenance = [
      { what: 'port', value: '3000', sources: ['running process 7'] },
      { what: 'port', value: '4000', sources: ['config'] },
    ] as const;
    const [problem, ...more] = await judged({ provenance });
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ code: 'port-differs', stops: false });
    expect(problem?.message).toContain('uses port 3000, and so will the new one; told is 4000 by config');
    expect(await codes({ provenance, gateway: gatewayFacts({ process: null, service: SERVICE }) })).toEqual([]);
  });

  test('whose config lies in nothing that moves is refused: the new one would start without it', async () => {
    const configPath = '/home/al/elsewhere/smart-agent-neo.json';
    const [problem] = await judged({ gateway: gatewayFacts({ configPath }) });
    expect(problem).toMatchObject({ code: 'config-left-behind', stops: true });
    expect(problem?.hint).toContain(`cp -p ${configPath}`);
  });

  test.each([
    ['2026.9.6', '/srv/neo', 'unit', ['service-refused']],
    ['2026.3.13', '/srv/neo', 'unit', []],
    ['2026.9.6', '/srv/neo', null, []],
    ['2026.9.6', NEW, 'unit', []],
  ] as const)(
    'of release %s in %s as %s, which the product runs as a service or not',
    async (version, stateDir, unit, found) => {
      const product = { ...newMachineFacts().product, version } as MachineFacts['product'];
      const facts = inventory({ new: newMachineFacts({ product }) });
      const plan = planFor(facts);
      const gateway = { ...plan.new.gateway, stateDir, unit, configPath: `${stateDir}/smart-agent-neo.json` };
      const told = await judged(facts, { plan: { new: { ...plan.new, productVersion: version, gateway } } });
      expect(told.map(({ code }) => code)).toEqual(found);
      expect(told.map(({ hint }) => hint).join()).toContain(found.length > 0 ? `--to-state-dir ${NEW}` : '');
    },
  );

  test('of such a release with a config by a name of before is told how to rename it, and not where it lies already', async () => {
    const product = { ...newMachineFacts().product, version: '2026.9.6' } as MachineFacts['product'];
    const plan = planFor(inventory({ new: newMachineFacts({ product }) }));
    const stateDir = '/home/bo/.openclaw';
    const here = { ...plan.new.gateway, product: 'openclaw', unit: 'unit', stateDir } as const;
    const there = { ...plan.old.gateway, configPath: '/home/al/.openclaw/clawdbot.json' };
    const configPath = `${stateDir}/clawdbot.json`;
    const moved = { ...plan.new, productVersion: '2026.9.6', gateway: { ...here, configPath } };
    const [told, ...more] = await judged({}, { plan: { old: { ...plan.old, gateway: there }, new: moved } });
    expect(more).toEqual([]);
    expect(told?.code).toBe('service-refused');
    expect(told?.hint).toContain('mv -n /home/al/.openclaw/clawdbot.json /home/al/.openclaw/openclaw.json');
    expect(told?.hint).not.toContain('--to-state-dir');
  });

  test('must have a config that parses, with every part that it includes', async () => {
    const configText = "{ $include: ['./a.json5', '/etc/neo/b.json'] }";
    const gateway = gatewayFacts({ configText });
    const a = { path: `${OLD}/a.json5`, text: '{ x: 1, }' };
    const b = { path: '/etc/neo/b.json', text: '{}' };
    expect(await codes({ gateway, includes: [a, b] })).toEqual([]);
    const [one] = await judged({ gateway, includes: [a] });
    expect(one).toMatchObject({ code: 'config-malformed', detail: { includes: '/etc/neo/b.json' } });
    expect(await codes({ gateway, includes: [a, { ...b, text: '{ x' }] })).toEqual(['config-malformed']);
    expect(await codes({ gateway: gatewayFacts({ configText: null }) })).toEqual([]);
  });
});

test('no control character of the old machine gets into a message (F41)', async () => {
  const evil = '/home/al/\x1b]0;x\x07\n::error::\u202e';
  const problems = await judged({
    gateway: gatewayFacts({ stateDir: evil, process: null, queued: 2 }),
    ...oneDir(
      dirFacts(evil, { ownerUid: 3, unreadable: [`${evil}/x`], realPath: '/home/al' }),
      dirFacts(evil, { isMount: true }),
    ),
  });
  expect(problems.length).toBeGreaterThan(5);
  for (const { message, hint } of problems) expect(message + hint).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
