import { describe, expect, it } from 'vitest';
import { configRewrites } from '../../src/core/config-rewrites.ts';
import type { Inventory } from '../../src/core/inventory.ts';

const MAPPING = [{ from: '/home/al', to: '/home/bo' }];
const placeOf = (path: string): { root: string; file: string } | null =>
  path.startsWith('/home/al/.s/') ? { root: 'state', file: path.slice('/home/al/.s/'.length) } : null;

function inventory(configText: string | null, includes: Inventory['includes'] = []): Inventory {
  const facts = { old: { home: '/home/al' }, new: { home: '/home/bo' }, includes };
  return { ...facts, gateway: { configPath: '/home/al/.s/c.json', configText } } as unknown as Inventory;
}

describe('configRewrites', () => {
  it('says of the config and its parts what will be rewritten, and where', () => {
    const part = { path: '/home/al/.s/part.json5', text: "{ b: '/home/al/y' /* mine */ }" };
    const outside = { path: '/etc/part.json5', text: '{ c: "/home/al/z" }' };
    expect(configRewrites(inventory('{ "a": "/home/al/x" }', [part, outside]), MAPPING, placeOf)).toEqual({
      count: 2,
      listed: [
        { root: 'state', file: 'c.json', at: '/a', from: '/home/al/x', to: '/home/bo/x' },
        { root: 'state', file: 'part.json5', at: '/b', from: '/home/al/y', to: '/home/bo/y' },
      ],
      left: [],
    });
  });

  it('says where old paths stay inside of other words, by the key alone', () => {
    const text = `{ "note": "/home/al is where s3cret lives", "args": ["--map=a:/home/al/x", "--root=/home/al/y"] }`;
    const { listed, left } = configRewrites(inventory(text), MAPPING, placeOf);
    expect(listed.map(({ at }) => at)).toEqual(['/args/1']);
    expect(left).toEqual([
      { root: 'state', file: 'c.json', at: '/note', count: 1 },
      { root: 'state', file: 'c.json', at: '/args/0', count: 1 },
    ]);
  });

  it('counts all and lists no more than a plan can bear', () => {
    const text = JSON.stringify(Array.from({ length: 1000 }, () => '/home/al/x'));
    const { count, listed } = configRewrites(inventory(text), MAPPING, placeOf);
    expect([count, listed.length]).toEqual([1000, 100]);
  });

  it('is empty for a config that is not there or does not parse', () => {
    for (const text of [null, '{'])
      expect(configRewrites(inventory(text), MAPPING, placeOf)).toEqual({ count: 0, listed: [], left: [] });
  });
});
