import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samplePlan } from '../cli/sample.ts';
import { buildMapping, mapLink, mapPath, movedOnly, type Moves } from '../../src/core/mapping.ts';
import type { Mapping } from '../../src/core/plan.ts';

const homes = { oldHome: '/home/al', newHome: '/home/bo' };
const moves: Moves = {
  ...homes,
  oldRealHome: '/export/home/al',
  roots: [
    { from: '/home/al/.smart-agent-neo', realFrom: '/data/neo', to: '/home/bo/.smart-agent-neo' },
    { from: '/home/al/work/ws', realFrom: '/home/al/work/ws', to: '/srv/ws' },
  ],
};
const mapping = buildMapping(moves);
const map = (text: string) => mapPath(text, mapping, homes);

describe('buildMapping', () => {
  it('lists each place by each of its names, longest first', () => {
    expect(mapping).toEqual([
      { from: '/export/home/al/.smart-agent-neo', to: '/home/bo/.smart-agent-neo' },
      { from: '/home/al/.smart-agent-neo', to: '/home/bo/.smart-agent-neo' },
      { from: '/export/home/al/work/ws', to: '/srv/ws' },
      { from: '/home/al/work/ws', to: '/srv/ws' },
      { from: '/export/home/al', to: '/home/bo' },
      { from: '/data/neo', to: '/home/bo/.smart-agent-neo' },
      { from: '/home/al', to: '/home/bo' },
    ]);
  });

  it('keeps a place that stays where a shorter pair would move it away, and only there', () => {
    const root = (path: string) => ({ from: path, realFrom: path, to: path });
    const oneHome = { oldHome: '/srv', oldRealHome: '/srv', newHome: '/home/bo' };
    expect(buildMapping({ ...oneHome, roots: [root('/srv/ws'), root('/opt/ws')] })).toEqual([
      { from: '/srv/ws', to: '/srv/ws' },
      { from: '/srv', to: '/home/bo' },
    ]);
    expect(
      buildMapping({ oldHome: '/root', oldRealHome: '/root', newHome: '/root', roots: [root('/root/.s')] }),
    ).toEqual([]);
  });

  it('lets a root win over the home, does without slashes at the end, and never maps /', () => {
    const roots = [{ from: '/home/al/', realFrom: '/home/al', to: '/srv/al/' }];
    expect(buildMapping({ ...homes, oldRealHome: '/', roots })).toEqual([{ from: '/home/al', to: '/srv/al' }]);
  });
});

describe('buildMapping, for a Mac', () => {
  const mac = (more: Partial<Moves> = {}): Moves => ({
    oldHome: '/Users/al',
    oldRealHome: '/Users/al',
    newHome: '/home/bo',
    roots: [
      { from: '/Users/al/.smart-agent-neo', realFrom: '/Users/al/.smart-agent-neo', to: '/home/bo/.smart-agent-neo' },
      { from: '/var/neo', realFrom: '/private/var/neo', to: '/srv/neo' },
    ],
    ...more,
  });
  const onMac = (text: string): string | null =>
    mapPath(text, buildMapping(mac()), { oldHome: '/Users/al', newHome: '/home/bo' });

  it.each([
    ['/Users/al/x', '/home/bo/x'],
    ['/System/Volumes/Data/Users/al/.smart-agent-neo/x', '/home/bo/.smart-agent-neo/x'],
    ['/private/var/neo/x', '/srv/neo/x'],
    ['/var/neo', '/srv/neo'],
    ['file:///System/Volumes/Data/Users/al/a%20b', 'file:///home/bo/a%20b'],
  ])('maps %s to %s', (text, expected) => {
    expect(onMac(text)).toBe(expected);
  });

  it.each([
    '/Users/alice/x',
    '/System/Volumes/Data/Users/alice',
    '/System/Volumes/Data',
    '/private/var/neon',
    '/private/Users/al',
  ])('leaves %s alone (F114)', (text) => {
    expect(onMac(text)).toBeNull();
  });

  it('gives /var its long name on a Mac only, and the long one its short name anywhere', () => {
    const roots = [{ from: '/var/lib/neo', realFrom: '/var/lib/neo', to: '/srv/neo' }];
    const names = (moves: Moves): string[] => buildMapping(moves).map(({ from }) => from);
    expect(names(mac({ roots, oldPlatform: 'Darwin' }))).toContain('/private/var/lib/neo');
    expect(names(mac({ roots, oldPlatform: 'Linux' }))).not.toContain('/private/var/lib/neo');
    expect(names(mac())).toContain('/var/neo');
  });

  it('never maps a place that moves to two places, however it is called', () => {
    const pairs = buildMapping(mac({ oldPlatform: 'darwin' }));
    expect(new Set(pairs.map(({ from }) => from)).size).toBe(pairs.length);
  });
});

describe('buildMapping, with earlier names of the product', () => {
  const legacy = { names: ['.clawdbot', '.moltbot'], to: '/home/bo/.openclaw' };
  const openclaw: Moves = {
    ...homes,
    oldRealHome: '/home/al',
    roots: [{ from: '/home/al/.openclaw', realFrom: '/home/al/.openclaw', to: '/home/bo/.openclaw' }],
    legacy,
  };

  it.each([
    ['/home/al/.clawdbot/agents/main', '/home/bo/.openclaw/agents/main'],
    ['~/.moltbot/workspace', '/home/bo/.openclaw/workspace'],
    ['/home/al/.clawdbot-dev', '/home/bo/.clawdbot-dev'],
  ])('maps %s to %s', (text, expected) => {
    expect(mapPath(text, buildMapping(openclaw), homes)).toBe(expected);
  });

  it('lets a root of that very name win', () => {
    const roots = [{ from: '/home/al/.clawdbot', realFrom: '/home/al/.clawdbot', to: '/home/bo/.clawdbot' }];
    expect(mapPath('/home/al/.clawdbot/x', buildMapping({ ...openclaw, roots }), homes)).toBe('/home/bo/.clawdbot/x');
  });
});

describe('movedOnly', () => {
  it('has the pairs of what is copied, single files first, and not those of the homes', () => {
    const plan = samplePlan({ mapping });
    const [whole] = plan.roots;
    if (!whole) throw new Error('a sample without roots');
    const single = { ...whole, oldPath: '/home/al/keys', livePath: '/home/bo/keys', files: ['telegram.token'] };
    const moved = movedOnly({
      mapping,
      roots: [whole, single],
      new: { ...plan.new, home: '/home/bo/' },
    });
    expect(moved[0]).toEqual({ from: '/home/al/keys/telegram.token', to: '/home/bo/keys/telegram.token' });
    expect(moved.slice(1).map(({ from }) => from)).toEqual([
      '/export/home/al/.smart-agent-neo',
      '/home/al/.smart-agent-neo',
      '/export/home/al/work/ws',
      '/home/al/work/ws',
      '/data/neo',
    ]);
  });
});

describe('mapPath', () => {
  it.each([
    ['/home/al', '/home/bo'],
    ['/home/al/', '/home/bo/'],
    ['/home/al/.smart-agent-neo/workspace', '/home/bo/.smart-agent-neo/workspace'],
    ['/data/neo/x', '/home/bo/.smart-agent-neo/x'],
    ['/export/home/al/x', '/home/bo/x'],
    ['/home/al/work/ws/a b/ü', '/srv/ws/a b/ü'],
    ['/home/al/work/wsx', '/home/bo/work/wsx'],
    ['/home/al//work/./ws/', '/srv/ws/'],
    ['/home/al/x/../work/ws/y', '/srv/ws/y'],
    ['/home/al/${NAME}/y', '/home/bo/${NAME}/y'],
    ['/home/al/work/ws/${A}/../b', '/srv/ws/${A}/../b'],
    ['/home/al/work/ws:/workspace:ro', '/srv/ws:/workspace:ro'],
    ['~/work/ws', '/srv/ws'],
    ['~/work/ws/', '/srv/ws/'],
    ['~/work/ws:/workspace', '/srv/ws:/workspace'],
    ['file:///home/al/x', 'file:///home/bo/x'],
    ['file://localhost/home/al/work/ws/a%20b?c#d', 'file://localhost/srv/ws/a%20b?c#d'],
    ['file:///home/%61l/x/', 'file:///home/bo/x/'],
    ['file:///home/al/${X}', 'file:///home/bo/${X}'],
  ])('maps %s to %s', (text, expected) => {
    expect(map(text)).toBe(expected);
  });

  it.each([
    '/home/alice/x', // F114
    '/home/alice2', // F114
    '/home/al2',
    '/home/al.bak/x',
    '/home/al is where I live',
    '/home',
    '/data/neon',
    '/mnt/home/al/x',
    '/home/al/../alice/x',
    '/home/al/../${NAME}',
    '/home/al${SUFFIX}/x',
    '~',
    '~/.smart-agent-neo/workspace',
    '~/notes',
    '~al/notes',
    '${HOME}/x',
    '$HOME/x',
    'home/al/x',
    './home/al',
    'see /home/al/x',
    'PATH=/home/al/bin',
    'https://example.org/home/al/x',
    'file:///home/alice/x',
    'file:///home%2Fal/x',
    'file:///home/al/%zz',
    'file://other/home/al/x',
    '/home/al/x\nand more words',
    '',
    '/',
  ])('leaves %j alone', (text) => {
    expect(map(text)).toBeNull();
  });

  it('puts a path in URLs into URL form, and a move to / without a doubled slash', () => {
    expect(mapPath('file:///a/x%20y', [{ from: '/a', to: '/b c#d' }], homes)).toBe('file:///b%20c%23d/x%20y');
    expect(mapPath('/a/x', [{ from: '/a', to: '/' }], homes)).toBe('/x');
    expect(mapPath('/a', [{ from: '/a', to: '/' }], homes)).toBe('/');
  });

  it('stops at a place that keeps its path, before a shorter pair moves it', () => {
    const pairs = [
      { from: '/srv/ws', to: '/srv/ws' },
      { from: '/srv', to: '/home/bo' },
    ];
    const there = { oldHome: '/srv', newHome: '/home/bo' };
    expect(mapPath('/srv/ws//x', pairs, there)).toBeNull();
    expect(mapPath('/srv/other', pairs, there)).toBe('/home/bo/other');
    expect(mapPath('~/ws/x', pairs, there)).toBe('/srv/ws/x');
  });

  it('changes a path exactly when its first segments are those of a pair, and then only these', () => {
    fc.assert(
      fc.property(pairsOf, absolute, (pairs, path) => {
        const segments = path.split('/');
        const pair = pairs.find(({ from }) => from.split('/').every((segment, at) => segment === segments[at]));
        const expected = pair && pair.from !== pair.to ? pair.to + path.slice(pair.from.length) : null;
        expect(mapPath(path, pairs, homes)).toBe(expected);
        expect(mapLink(Buffer.from(path), pairs)?.toString() ?? null).toBe(expected);
      }),
    );
  });

  it('gives every name of a place the same new place', () => {
    fc.assert(
      fc.property(absolute, (tail) => {
        const there = `/home/bo/.smart-agent-neo${tail}`;
        const start = ['/home/al/.smart-agent-neo', '/export/home/al/.smart-agent-neo', '/data/neo'];
        expect(start.map((name) => map(name + tail))).toEqual([there, there, there]);
        expect(map(`~/.smart-agent-neo${tail}`)).toBeNull();
        expect(posix.normalize(map(`/home/al/./x/../.smart-agent-neo${tail}`) ?? '')).toBe(there);
      }),
    );
  });

  it('leaves any text alone that is not a path from its first character on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.constantFrom('', '/home/al/x', '~/x'), (words, path) => {
        fc.pre(!/^(\/|~|file:\/\/)/.test(words) && words !== '');
        expect(map(words + path)).toBeNull();
      }),
    );
  });
});

describe('mapLink', () => {
  it('maps absolute targets by bytes, whatever their encoding', () => {
    const target = Buffer.concat([Buffer.from('/home/al/'), Buffer.from([0xff, 0xe9])]);
    expect(mapLink(target, mapping)).toEqual(Buffer.concat([Buffer.from('/home/bo/'), Buffer.from([0xff, 0xe9])]));
    expect(mapLink(Buffer.from('/ü/x'), [{ from: '/ü', to: '/ö' }])).toEqual(Buffer.from('/ö/x'));
  });

  it.each(['../x', '~/x', '~', 'file:///home/al/x', '/home/alice', '/home/al/../x', '/home//al', '', '/home/al:/x'])(
    'leaves the target %j alone',
    (target) => {
      expect(mapLink(Buffer.from(target), mapping)).toBeNull();
    },
  );
});

const segment = fc.constantFrom('a', 'b', 'ab', 'a b', 'home', 'ü', '.x');
const absolute = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
const pairsOf: fc.Arbitrary<Mapping[]> = fc
  .uniqueArray(fc.record({ from: absolute, to: absolute }), { selector: ({ from }) => from, maxLength: 5 })
  .map((pairs) => pairs.sort((a, b) => b.from.length - a.from.length));
