import { describe, expect, it } from 'vitest';
import { includesOf, listPaths, readConfig } from '../../src/core/config-text.ts';
import { ProblemError } from '../../src/core/problem.ts';

describe('readConfig', () => {
  it('gives plain data without prototypes, so that no name in it can reach one (F52)', () => {
    const read = readConfig('{"__proto__": {polluted: true}, constructor: 1, list: [{toString: null}]}') as Record<
      string,
      unknown
    >;
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor', 'list']);
    expect(read['__proto__']).toEqual({ polluted: true });
    expect(read['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf((read['list'] as object[])[0])).toBeNull();
  });

  it('keeps the last of two members of one name, as the gateway does (F52)', () => {
    expect(readConfig('{a: 1, a: 2}')).toEqual({ a: 2 });
  });

  it('leaves ${VAR} and $include as they are written', () => {
    expect(readConfig('{$include: "./x.json5", token: "${TOKEN}"}')).toEqual({
      $include: './x.json5',
      token: '${TOKEN}',
    });
  });

  it('refuses what does not parse, naming the file', () => {
    expect(() => readConfig('{', 'parts/channels.json5')).toThrow(/^"parts\/channels.json5" is neither JSON nor JSON5/);
    expect(() => includesOf('nope')).toThrow(ProblemError);
    expect(() => listPaths('nope')).toThrow(ProblemError);
  });
});

describe('includesOf', () => {
  it('finds names and lists of names wherever they stand', () => {
    const text = `{$include: './base.json5', channels: {$include: ['./a.json', "/etc/b.json", 7]}, agents: {list: [{$include: 'c'}]}}`;
    expect(includesOf(text)).toEqual(['./base.json5', './a.json', '/etc/b.json', 'c']);
    expect(includesOf('{include: "x", $included: "y", a: "$include"}')).toEqual([]);
  });
});

describe('listPaths', () => {
  it('lists every string that could be a path, with its place', () => {
    const text = `{ // "/not/this"
      agents: { defaults: { workspace: '/home/al/ws' }, list: [{ agentDir: "~/agents/x" }, { agentDir: "~" }] },
      home: "~root/secrets", any: "/", url: "file:///home/al/a%20b?q", "/a~b": "\\/srv\\/\${X}/y",
      binds: ["/home/al/data:/data:ro", "named:/data"],
    }`;
    expect(listPaths(text)).toEqual([
      { at: '/agents/defaults/workspace', path: '/home/al/ws', behind: null },
      { at: '/agents/list/0/agentDir', path: '~/agents/x', behind: null },
      { at: '/agents/list/1/agentDir', path: '~', behind: null },
      { at: '/home', path: '~root/secrets', behind: null },
      { at: '/any', path: '/', behind: null },
      { at: '/url', path: '/home/al/a b', behind: null },
      { at: '/~1a~0b', path: '/srv/${X}/y', behind: null },
      { at: '/binds/0', path: '/home/al/data', behind: null },
    ]);
  });

  it('lists the parts of commands, arguments and variables that are paths, with what they stand behind', () => {
    const text = `{ args: ["--root=/home/al/x", "-I/home/al/i", "-v", "a=b"], env: { PATH: "/usr/bin:~/bin", X: "Y=/y" }, note: "--root=/n" }`;
    expect(listPaths(text)).toEqual([
      { at: '/args/0', path: '/home/al/x', behind: '--root' },
      { at: '/args/1', path: '/home/al/i', behind: '-I' },
      { at: '/env/PATH', path: '/usr/bin', behind: '' },
      { at: '/env/PATH', path: '~/bin', behind: '' },
      { at: '/env/X', path: '/y', behind: 'Y' },
    ]);
  });

  it('lists nothing else', () => {
    const text = `["./x", "x/y", "https://a/b", "", "~ 5 minutes", "see /x", "/a\\nb", "file://host/x", 1, null, "wss://x"]`;
    expect(listPaths(text)).toEqual([]);
  });
});
