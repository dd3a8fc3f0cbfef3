import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readIncludes } from '../../src/checks/includes.ts';
import { wholeConfig } from '../../src/checks/whole-config.ts';
import { codeOf, gatewayFacts } from './facts.ts';
import { clock, Machine } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

function read(configText: string | null) {
  const gateway = gatewayFacts({ configPath: path.join(machine.home, 'smart-agent-neo.json'), configText });
  return readIncludes(machine.host(), gateway, { clock });
}

test('every part is read, relative to the file that names it, once, however they name each other', async () => {
  const a = await machine.file('parts/a.json5', "{ $include: './b.json', x: 1 } // part");
  const b = await machine.file('parts/b.json', '{ "$include": "a.json5" }');
  const c = await machine.file("it's; $(c)\n", '{}');
  const files = await read(JSON.stringify({ x: { $include: ['parts/a.json5', c] } }));
  expect(files).toEqual([
    { path: a, text: "{ $include: './b.json', x: 1 } // part" },
    { path: c, text: '{}' },
    { path: b, text: '{ "$include": "a.json5" }' },
  ]);
});

test('what is missing or does not parse is left to pre-flight', async () => {
  const broken = await machine.file('broken.json', '{');
  expect(await read('{ $include: ["broken.json", "none.json"] }')).toEqual([{ path: broken, text: '{' }]);
  expect(await read('{')).toEqual([]);
  expect(await read(null)).toEqual([]);
});

test('parts that include parts are followed ten deep, as the product does', async () => {
  for (let at = 1; at <= 15; at += 1)
    await machine.file(`${String(at)}.json`, `{ $include: '${String(at + 1)}.json' }`);
  expect(await read("{ $include: '1.json' }")).toHaveLength(10);
});

describe('the whole config', () => {
  const at = { configPath: '/s/smart-agent-neo.json' };
  const whole = (configText: string | null, ...includes: { path: string; text: string }[]) =>
    wholeConfig(gatewayFacts({ ...at, configText }), includes);

  test('has its parts in place, with what stands beside an include laid over it', () => {
    const agents = {
      path: '/s/parts/agents.json5',
      text: "{ defaults: { workspace: '/a', x: 1 }, list: [{ $include: 'one.json' }] }",
    };
    const one = { path: '/s/parts/one.json', text: "{ id: 'one', workspace: '/one' }" };
    const config = "{ agents: { $include: './parts/agents.json5', defaults: { workspace: '/b' } }, y: 2 }";
    expect(whole(config, agents, one)).toEqual({
      agents: { defaults: { workspace: '/b', x: 1 }, list: [{ id: 'one', workspace: '/one' }] },
      y: 2,
    });
  });

  test('of several parts has the later over the earlier, and lists one after the other', () => {
    const a = { path: '/s/a', text: '{ x: 1, l: [1], o: { p: 1 } }' };
    const b = { path: '/s/b', text: '{ x: 2, l: [2], o: { q: 2 } }' };
    expect(whole("{ $include: ['a', '/s/b'] }", a, b)).toEqual({ x: 2, l: [1, 2], o: { p: 1, q: 2 } });
  });

  test('with parts that are missing, broken or go round in a circle is what is left', () => {
    expect(whole("{ $include: 'none', x: 1 }")).toEqual({ x: 1 });
    expect(whole("{ $include: 'a', x: 1 }", { path: '/s/a', text: '{' })).toEqual({ x: 1 });
    expect(whole("{ $include: 'a' }", { path: '/s/a', text: "{ $include: 'a', y: 1 }" })).toEqual({ y: 1 });
    expect(whole(null)).toBeNull();
    expect(codeOf(() => whole('{'))).toBe('config-malformed');
  });

  test('of parts that name each other a million times over comes to an end (F52)', () => {
    const names = JSON.stringify(Array.from({ length: 1000 }, () => 'a'));
    const a = { path: '/s/a', text: `{ $include: ${names}, y: 1 }` };
    expect(whole("{ $include: 'a' }", a)).toEqual({ y: 1 });
  });

  test('does not let a part reach what is not its own', () => {
    const a = { path: '/s/a', text: "{ '__proto__': { polluted: 1 } }" };
    whole("{ $include: 'a', x: {} }", a);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
