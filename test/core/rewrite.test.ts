import fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/core/config-text.ts';
import { mapPath } from '../../src/core/mapping.ts';
import { mentionFinder } from '../../src/core/mentions.ts';
import { ProblemError } from '../../src/core/problem.ts';
import {
  rewriteApprovals,
  rewriteConfig,
  rewriteJson,
  rewriteSessions,
  tellable,
  type Rewritten,
} from '../../src/core/rewrite.ts';
import { decodeLiteral, visitStrings } from '../../src/core/json-strings.ts';
import { json5Pieces, someStrings, textOfPieces, type Piece } from './json5-texts.ts';

const homes = { oldHome: '/home/al', newHome: '/home/bo' };
const mapping = [
  { from: '/home/al/work/ws', to: "/srv/bo's ws" },
  { from: '/home/al', to: '/home/bo' },
];
const config = (text: string) => rewriteConfig(text, mapping, homes);
const sessions = (text: string) => rewriteSessions(text, mapping, homes);

describe('rewriteConfig', () => {
  it('changes the paths and keeps every other byte: comments, commas, quotes, numbers, line ends and byte order mark', () => {
    const text = (home: string, ws: string) =>
      `\uFEFF// lives in /home/al\r\n{\r\n  agents: { defaults: { 'workspace': '${ws}', }, },  /* "/home/al/x" */\r\n` +
      `\ttimeout: 1.50, hex: 0x1F, "tokenFile": "${home}/t\\u00fc", other: ["/home/alice/x", "${home}",],\r\n}\r\n`;
    const { text: rewritten, rewrites } = config(text('/home/al', '/home/al/work/ws').replace('tü', 't\\u00fc'));
    expect(rewritten).toBe(text('/home/bo', "/srv/bo\\'s ws").replace('t\\u00fc', 'tü'));
    expect(rewrites).toEqual([
      { at: '/agents/defaults/workspace', from: '/home/al/work/ws', to: "/srv/bo's ws" },
      { at: '/tokenFile', from: '/home/al/tü', to: '/home/bo/tü' },
      { at: '/other/1', from: '/home/al', to: '/home/bo' },
    ]);
  });

  it('never touches the paths of another user whose name begins alike, nor names of members, nor text with a path in it (F114)', () => {
    const text = `{"a": "/home/alice2/x", "/home/al": 1, "b": "see /home/al/x", "c": "/home/al/x\\nand so on"}`;
    expect(config(text)).toEqual({
      text,
      rewrites: [],
      left: [
        { at: '/b', count: 1 },
        { at: '/c', count: 1 },
      ],
    });
  });

  it('rewrites each of two members of one name, and members named __proto__ or with slashes in them (F52)', () => {
    const text = `{"a": "/home/al/1", "a": "/home/al/2", "__proto__": {"x/~y": "/home/al/3"}}`;
    expect(config(text).text).toBe(text.replaceAll('/home/al', '/home/bo'));
    expect(config(text).rewrites.map(({ at }) => at)).toEqual(['/a', '/a', '/__proto__/x~1~0y']);
  });

  it('means by the new text what it means by the old one with its paths mapped', () => {
    fc.assert(
      fc.property(json5Pieces, (pieces) => {
        const text = textOfPieces(pieces);
        expect(readConfig(config(text).text)).toEqual(mapped(readConfig(text)));
      }),
      { numRuns: 1000 },
    );
  });

  it('writes anew exactly the literals whose value changes, in the same quotes', () => {
    fc.assert(
      fc.property(json5Pieces, (pieces) => {
        const { text, rewrites } = config(textOfPieces(pieces));
        const changes = pieces.flatMap((piece) => changeOf(piece) ?? []);
        expect(rewrites.map(({ from, to }) => ({ from, to }))).toEqual(changes);
        expect(unreadRest(text, pieces)).toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it('names each rewritten value by a pointer that finds it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.array(someStrings), (value, strings) => {
        const tree = JSON.parse(JSON.stringify({ value, strings, deep: [{ strings }] })) as unknown;
        for (const { at, from } of config(JSON.stringify(tree)).rewrites) expect(lookUp(tree, at)).toBe(from);
      }),
    );
  });

  it('reads or refuses any text, and never hangs, prints or throws anything else (F124)', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const cut = fc.tuple(
      json5Pieces.map(textOfPieces),
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.string({ unit: 'binary', maxLength: 2 }),
    );
    const broken = cut.map(([text, at, gone, put]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + put + text.slice(start + gone);
    });
    fc.assert(
      fc.property(broken, (text) => {
        const result = problemOr(() => config(text));
        expect(warn).not.toHaveBeenCalled();
        const expected = parses(text) ? 'read' : 'config-malformed';
        // The reference parser warns of separators in strings, which is what the code under test avoids.
        warn.mockClear();
        expect(result instanceof ProblemError ? result.problem.code : 'read').toBe(expected);
      }),
      { numRuns: 10_000 },
    );
    warn.mockRestore();
  }, 60_000);

  it('says where a config does not parse, without showing any of it', () => {
    const thrown = problemOr(() =>
      rewriteConfig('{\n  token: "s3cret" oops }', mapping, { ...homes, file: 'a\u001b[31m.json' }),
    );
    expect(thrown).toBeInstanceOf(ProblemError);
    const { code, message, detail } = (thrown as ProblemError).problem;
    expect(code).toBe('config-malformed');
    expect(message).toBe('"a\\u001b[31m.json" is neither JSON nor JSON5 (line 2, column 19).');
    expect(detail).toEqual({ line: 2, column: 19 });
  });
});

describe('rewriteConfig, in commands, arguments and variables', () => {
  const valueAt = (keys: readonly string[], value: string): string =>
    keys.reduceRight((inner, key) => (/^\d+$/.test(key) ? `[${inner}]` : `{"${key}":${inner}}`), JSON.stringify(value));
  const rewritten = (at: string, value: string) => {
    const { text, left } = config(valueAt(at.split('/').slice(1), value));
    const [found] = valuesOf(text);
    return { value: found?.value, left: left.reduce((sum, { count }) => sum + count, 0) };
  };

  it.each([
    ['/mcp/servers/fs/args/0', '--root=/home/al/x', '--root=/home/bo/x'],
    ['/mcp/servers/fs/args/0', '--root=/home/al/work/ws/a b', "--root=/srv/bo's ws/a b"],
    ['/mcp/servers/fs/args/0', '-C=/home/al', '-C=/home/bo'],
    ['/mcp/servers/fs/args/0', '-I/home/al/x', '-I/home/bo/x'],
    ['/mcp/servers/fs/args/0', '--import=file:///home/al/x.mjs', '--import=file:///home/bo/x.mjs'],
    ['/mcp/servers/fs/args/0', 'PATH=/home/al/bin:/usr/bin', 'PATH=/home/bo/bin:/usr/bin'],
    ['/mcp/servers/fs/args/0', '--root=~/work/ws', "--root=/srv/bo's ws"],
    ['/hooks/command', '--root=/home/al/x', '--root=/home/bo/x'],
    ['/env/PATH', '/home/al/bin:/usr/bin', '/home/bo/bin:/usr/bin'],
    ['/env/vars/PATH', '/usr/bin:/home/al/bin:/home/al/work/ws/bin', "/usr/bin:/home/bo/bin:/srv/bo's ws/bin"],
    ['/x/env/NODE_PATH', '${NODE_PATH}:/home/al/lib::~/work/ws', "${NODE_PATH}:/home/bo/lib::/srv/bo's ws"],
    ['/x/env/NODE_OPTIONS', '--require=/home/al/x.cjs', '--require=/home/bo/x.cjs'],
    ['/sandbox/docker/env/0', 'ROOT=/home/al/x', 'ROOT=/home/bo/x'],
    ['/sandbox/docker/binds/0', '/home/al/work/ws:/workspace', "/srv/bo's ws:/workspace"],
  ])('puts %s, %s to %s', (at, value, expected) => {
    expect(rewritten(at, value)).toEqual({ value: expected, left: 0 });
  });

  it.each([
    ['/mcp/servers/fs/args/0', '--mount=type=bind,source=/home/al/x,target=/y', 1],
    ['/mcp/servers/fs/args/0', '{"root":"/home/al/x","other":"/home/al/y"}', 2],
    ['/hooks/command', 'node --root=/home/al/x run', 1],
    ['/x/env/NODE_OPTIONS', '--a=1 --require=/home/al/x.cjs', 1],
    ['/x/env/NOTE', 'a:/home/al/x', 1],
    ['/x/env/PATH', 'bin:/home/al/bin', 1],
    ['/note', '--root=/home/al/x', 1],
    ['/note', '/usr/bin:/home/al/bin', 1],
    ['/note', 'see file:///home/al/x', 1],
  ])('leaves %s, %s and counts what stays: %i', (at, value, left) => {
    expect(rewritten(at, value)).toEqual({ value, left });
  });

  it.each([
    ['/sandbox/docker/binds/0', '/home/al/data:/home/al/data', '/home/bo/data:/home/al/data'],
    ['/hooks/command', '/home/al/bin/tool --root /home/al/x', '/home/bo/bin/tool --root /home/al/x'],
  ])('of %s, %s maps the beginning and counts the rest', (at, value, expected) => {
    expect(rewritten(at, value)).toEqual({ value: expected, left: 1 });
  });

  it('never touches the path of another user, wherever it stands and whatever is around it (F114)', () => {
    const others = fc.constantFrom(
      '/home/alice',
      '/home/al2/x',
      '/home/al.bak',
      '/home/al-x',
      '/mnt/home/al/x',
      '/home/al_',
    );
    const around = fc.constantFrom(
      '',
      '--root=',
      '-I',
      'NAME=',
      '/home/al/x:',
      '/usr/bin:',
      '~/y:',
      'a ',
      '"',
      '{"a":"',
    );
    const keys = fc.constantFrom('/args/0', '/env/PATH', '/env/X', '/command', '/note', '/env/0', '/x/toolArgs/3');
    fc.assert(
      fc.property(keys, fc.array(fc.tuple(around, others), { minLength: 1, maxLength: 4 }), (at, parts) => {
        const value = parts.map(([lead, other]) => lead + other).join(':');
        const result = rewritten(at.replace(/\d+$/, '0'), value).value ?? '';
        for (const [, other] of parts) expect(countOf(result, other)).toBe(countOf(value, other));
      }),
      { numRuns: 2000 },
    );
  });

  it('maps each place of a list as it would map it alone, and what stays is as many as are left', () => {
    const places = fc.constantFrom(
      '/home/al',
      '/home/al/bin',
      '/home/al/work/ws/x',
      '/home/alice',
      '/usr/bin',
      '',
      '~/work/ws',
      '$X',
    );
    fc.assert(
      fc.property(fc.constantFrom('', 'PATH='), fc.array(places, { minLength: 2, maxLength: 6 }), (lead, list) => {
        const at = lead === '' ? '/env/PATH' : '/args/0';
        const expected = list.map((one) => mapPath(one, mapping, homes) ?? one).join(':');
        expect(rewritten(at, lead + list.join(':'))).toEqual({ value: lead + expected, left: 0 });
      }),
      { numRuns: 1000 },
    );
  });

  it('counts every old path of any value that it does not map', () => {
    const words = fc.constantFrom('/home/al/x', '/home/alice', 'a', '--root=/home/al', '"/home/al/work/ws"', '/usr');
    const finder = mentionFinder(mapping);
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 5 }), (parts) => {
        const value = `see ${parts.join(' ')}`;
        expect(rewritten('/note', value)).toEqual({ value, left: finder(value) });
      }),
    );
  });
});

describe('tellable', () => {
  it.each([
    ['/mcp/command', '/home/al/bin/tool login hunter2', '/home/al/bin/tool …'],
    ['/mcp/command', '/home/al/bin/tool --token hunter2', '/home/al/bin/tool …'],
    ['/mcp/args/0', '--db=file:///home/al/x.db?key=hunter2', '--db=file:///home/al/x.db …'],
    ['/x/env/DB', '/home/al/x#hunter2', '/home/al/x …'],
    ['/x/env/DB', '/home/al/x\thunter2', '/home/al/x …'],
    ['/x/url', 'file:///home/al/x?key=hunter2', 'file:///home/al/x …'],
    ['/x/url', 'file:///home/al/x#hunter2', 'file:///home/al/x …'],
    ['/x/cli', '/home/al/bin/tool --token hunter2', '/home/al/bin/tool …'],
    ['/agents/defaults/workspace', '/home/al/My Notes #1/ws', '/home/al/My Notes #1/ws'],
    ['/mcp/args/0', '--root=/home/al/x', '--root=/home/al/x'],
  ])('tells of %s, %s only %s: what comes behind may be a secret', (at, value, expected) => {
    expect(tellable({ at, from: value, to: value })).toEqual({ at, from: expected, to: expected });
  });
});

describe('rewriteConfig, done again', () => {
  it('gives the same for the same original, and what it lists leads back to every value that was there', () => {
    fc.assert(
      fc.property(json5Pieces, (pieces) => {
        const original = textOfPieces(pieces);
        const first = config(original);
        expect(config(original)).toEqual(first);
        const wayBack = new Map(first.rewrites.map(({ at, from, to }) => [`${at}\0${to}`, from]));
        const undone = valuesOf(first.text).map(({ at, value }) => wayBack.get(`${at}\0${value}`) ?? value);
        expect(undone).toEqual(valuesOf(original).map(({ value }) => value));
      }),
      { numRuns: 500 },
    );
  });
});

describe('rewriteApprovals', () => {
  const text = `{ "version": 1, /* mine */
  "socket": { "path": "/home/al/.s/exec-approvals.sock", "token": "t" },
  "agents": { "main": { "allowlist": [
    { "pattern": "/home/al/bin/*", "lastResolvedPath": "/home/al/bin/tidy", "lastUsedCommand": "/home/al/bin/tidy now" },
    { "pattern": "/home/alice/bin/x", "lastResolvedPath": "/usr/bin/git" }
  ] } }
}
`;
  const approvals = (withPatterns: boolean) => rewriteApprovals(text, mapping, { ...homes, withPatterns });

  it('rewrites what only tells, by its key, and leaves and names the patterns, which give rights', () => {
    const { text: rewritten, rewrites, left } = approvals(false);
    expect(rewritten).toBe(
      text.replace('/home/al/.s', '/home/bo/.s').replace('"/home/al/bin/tidy",', '"/home/bo/bin/tidy",'),
    );
    expect(rewrites.map(({ at }) => at)).toEqual(['/socket/path', '/agents/main/allowlist/0/lastResolvedPath']);
    expect(left).toEqual([{ at: '/agents/main/allowlist/0/pattern', from: '/home/al/bin/*', to: '/home/bo/bin/*' }]);
  });

  it('rewrites the patterns too once that is consented to', () => {
    const { text: rewritten, left } = approvals(true);
    expect(rewritten).toContain('"pattern": "/home/bo/bin/*"');
    expect(rewritten).toContain('"pattern": "/home/alice/bin/x"');
    expect(rewritten).toContain('"lastUsedCommand": "/home/al/bin/tidy now"');
    expect(left).toEqual([]);
  });

  it('refuses what does not parse, and leaves an empty file empty', () => {
    expect(() => rewriteApprovals('{', mapping, { ...homes, withPatterns: false })).toThrow(/neither JSON nor JSON5/);
    expect(rewriteApprovals('', mapping, { ...homes, withPatterns: false })).toEqual({
      text: '',
      rewrites: [],
      left: [],
    });
  });
});

describe('rewriteJson', () => {
  it('rewrites the named members of a text that is JSON, and says nothing of one that is not', () => {
    const map = (value: string): string | null => (value === '/home/al' ? '/home/bo' : null);
    const text = '{"file": "/home/al", "said": "/home/al", "in": [{"file": "/home/al"}]}';
    expect(rewriteJson(text, map, ['file'])?.text).toBe(
      '{"file": "/home/bo", "said": "/home/al", "in": [{"file": "/home/bo"}]}',
    );
    expect(rewriteJson('/home/al', map, ['file'])).toBeNull();
  });
});

describe('rewriteSessions', () => {
  it('changes sessionFile and nothing else, not even the same path under another name', () => {
    const text = `{
  "agent:main:main": {
    "sessionId": "1", "sessionFile": "/home/al/.s/agents/main/sessions/1.jsonl", "spawnedWorkspaceDir": "/home/al/ws",
    "skillsSnapshot": { "prompt": "/home/al/x", "n": 1.0e3 }
  },
  "sessionFile": { "session\\u0046ile": "\\/home\\/al\\/2.jsonl" }, "other": { "sessionFile": "3.jsonl" }, "x": { "sessionFile": null }
}
`;
    const { text: rewritten, rewrites } = sessions(text);
    expect(rewritten).toBe(text.replace('/home/al/.s', '/home/bo/.s').replace('\\/home\\/al\\/2', '/home/bo/2'));
    expect(rewrites).toEqual([
      {
        at: '/agent:main:main/sessionFile',
        from: '/home/al/.s/agents/main/sessions/1.jsonl',
        to: '/home/bo/.s/agents/main/sessions/1.jsonl',
      },
      { at: '/sessionFile/sessionFile', from: '/home/al/2.jsonl', to: '/home/bo/2.jsonl' },
    ]);
  });

  it('leaves an empty file empty and reads an index that was edited by hand as JSON5', () => {
    expect(sessions('')).toEqual({ text: '', rewrites: [] });
    expect(sessions(' \n').text).toBe(' \n');
    expect(sessions(`{a: {sessionFile: '/home/al/1'}, /* mine */}`).text).toBe(
      `{a: {sessionFile: '/home/bo/1'}, /* mine */}`,
    );
  });

  it('does for every index what mapping the parsed index does', () => {
    const session = fc.record({ sessionFile: someStrings, cwd: someStrings, nested: fc.jsonValue({ maxDepth: 3 }) });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), session), fc.constantFrom(undefined, 2, '\t'), (index, indent) => {
        const moved = mapSessionFiles(index);
        const { text } = sessions(JSON.stringify(index, null, indent));
        expect(escaped(text)).toBe(escaped(JSON.stringify(moved, null, indent)));
      }),
    );
  });

  it('refuses a cut-off index instead of repairing it', () => {
    const thrown = problemOr(() => sessions('{"a": {"sessionFile": "/home/al/1"'));
    expect((thrown as ProblemError).problem).toMatchObject({ code: 'rewrite-failed', detail: { line: 1, column: 35 } });
  });

  it('rewrites an index of 20 MB in seconds, in one linear pass', () => {
    const entry = (at: number) =>
      `"agent:main:${at}":{"sessionId":"${at}","sessionFile":"/home/al/.s/${at}.jsonl","a":[1,{"b":"\\""}]}`;
    const text = `{${Array.from({ length: 240_000 }, (_, at) => entry(at)).join(',')}}`;
    expect(text.length).toBeGreaterThan(20e6);
    const before = process.cpuUsage();
    const { rewrites, text: rewritten } = sessions(text);
    const { user, system } = process.cpuUsage(before);
    // Computing time, as a busy machine takes any time by the clock; anything quadratic takes hours.
    expect((user + system) / 1e6).toBeLessThan(8);
    expect(rewrites.length).toBe(240_000);
    expect(rewritten).toBe(text.replaceAll('/home/al/', '/home/bo/'));
  }, 30_000);
});

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

function mapped(value: unknown): unknown {
  if (typeof value === 'string') return mapPath(value, mapping, homes) ?? value;
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== 'object' || value === null) return value;
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [name, inner] of Object.entries(value)) plain[name] = mapped(inner);
  return plain;
}

function valuesOf(text: string): { at: string; value: string }[] {
  const values: { at: string; value: string }[] = [];
  visitStrings(text, Infinity, ({ isName, start, end, pointer }) => {
    if (!isName) values.push({ at: pointer(), value: decodeLiteral(text.slice(start, end)) });
  });
  return values;
}

function mapSessionFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapSessionFiles);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]: [string, unknown]) => [
    name,
    name === 'sessionFile' ? mapped(inner) : mapSessionFiles(inner),
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** Separators may be written either way in JSON. */
function escaped(text: string): string {
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function changeOf(piece: Piece): { from: string; to: string } | null {
  if (typeof piece === 'string') return null;
  const to = mapPath(piece.value, mapping, homes);
  return to === null ? null : { from: piece.value, to };
}

/** What is left of the new text after all pieces were found in it, those that change by their value and their quotes. */
function unreadRest(text: string, pieces: readonly Piece[]): string {
  return pieces.reduce<string>((rest, piece) => {
    const change = changeOf(piece);
    const old = typeof piece === 'string' ? piece : piece.literal;
    if (change === null) return rest.startsWith(old) ? rest.slice(old.length) : `no ${old} in ${rest}`;
    const literal = /^("|')(?:\\[^]|(?!\1)[^\\])*\1/.exec(rest)?.[0] ?? '';
    const isRight = literal.charAt(0) === old.charAt(0) && JSON5.parse<unknown>(literal) === change.to;
    return isRight ? rest.slice(literal.length) : `no ${change.to} in ${rest}`;
  }, text);
}

function lookUp(tree: unknown, pointer: string): unknown {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replace(/~1/g, '/').replace(/~0/g, '~'));
  return segments.reduce<unknown>((value, segment) => (value as Record<string, unknown>)[segment], tree);
}

function parses(text: string): boolean {
  try {
    JSON5.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}

function problemOr(act: () => Rewritten): Rewritten | ProblemError {
  try {
    return act();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}
