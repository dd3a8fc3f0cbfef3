import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordError } from '../../src/core/records.ts';
import { DirtySet } from '../../src/watch/dirty-set.ts';
import { decode, encode, type Line, recordCutter } from '../../src/watch/record.ts';
import { Receiver } from '../../src/watch/receiver.ts';
import { problemFrom } from '../kit/problem-from.ts';
import { folder, follow, rootAt } from './lab.ts';

const HEAD = 'neo-pull-watcher 1\\0\\0\\0';
const READY = `${HEAD}ready directories 1 1000\\0\\0\\0`;

/** A Node that is none: it says these words, as `printf` reads them, and stays. */
function saying(text: string, after = 'exec sleep 20'): string {
  const path = join(folder(), 'node');
  writeFileSync(path, `#!/bin/sh\nprintf '${text}'\n${after}\n`, { mode: 0o755 });
  return path;
}

// F39, F40, F41, F53, F54
describe('an old machine that is not trusted', () => {
  test.each([
    ['t\\0state\\0../up\\0', 'a path that leads astray'],
    ['t\\0state\\0/etc/passwd\\0', 'a path that leads astray'],
    ['s\\0state\\0a/../../b\\0', 'a path that leads astray'],
    ['t\\0state\\0\\0', 'a path that leads astray'],
    ['t\\0other\\0a\\0', 'a root that was not given'],
    ['cookie 0123456789abcdef\\0\\0\\0', 'a cookie that nobody asked for'],
    ['gap because\\0\\0\\0', 'words that no watcher says'],
    ['gap overflow\\0state\\0\\0', 'a field where none belongs'],
    ['beat directories -1 5\\0\\0\\0', 'words that no watcher says'],
    [HEAD, 'words where none belong'],
    ['ready directories 1 1000\\0\\0\\0', 'the same twice'],
    ['\\033[31m\\0\\0\\0', 'words that no watcher says'],
  ])('is not believed when it says %j', async (text, why) => {
    const watcher = await follow(folder(), { node: saying(READY + text) });
    const { code, message } = await problemFrom(watcher.over);
    expect([code, message]).toEqual(['answer-malformed', expect.stringContaining(why)]);
  });

  test('is not listened to for ever', async () => {
    const endless = await follow(folder(), { node: saying(READY, 'exec tr "\\\\0" x < /dev/zero') });
    expect(await problemFrom(endless.over)).toMatchObject({ code: 'answer-malformed' });
  });

  test('is given up when it does not begin', async () => {
    const limits = { readyMs: 500, silenceMs: 60_000 };
    for (const node of [saying(HEAD), saying('')])
      expect(await problemFrom(follow(folder(), { node, limits }))).toMatchObject({ code: 'watcher-unavailable' });
    const silent = { readyMs: 60_000, silenceMs: 500 };
    expect(await problemFrom(follow(folder(), { node: saying(HEAD), limits: silent }))).toMatchObject({
      code: 'watcher-unavailable',
      message: expect.stringContaining('said nothing for 0.5 s') as string,
    });
  });

  test('that has no usable Node is told as that, with the reason', async () => {
    const reasons = [
      ['/nowhere/node', 'could not be started'],
      [saying('', 'exit 3'), 'exit code 3'],
      [saying('', 'echo "Error: no such option" >&2; exit 9'), 'no such option'],
    ] as const;
    for (const [node, reason] of reasons) {
      const { code, message, stops } = await problemFrom(follow(folder(), { node }));
      expect([code, message, stops]).toEqual(['watcher-unavailable', expect.stringContaining(reason), false]);
    }
  });

  test('without the directory that is to be watched is a halt', async () => {
    expect(await problemFrom(follow(join(folder(), 'missing')))).toMatchObject({ code: 'source-gone' });
  });

  test('cannot fill the memory of this one', () => {
    const [dirty, root] = [new DirtySet(), rootAt('/r')];
    const held = Array.from({ length: 200_001 }, (_, at) =>
      dirty.add({ root, path: Buffer.from(String(at)), subtree: false, atMs: 0 }),
    );
    expect([held.indexOf(false), dirty.isEmpty]).toEqual([200_000, true]);
  });

  test('says nothing else than what a watcher says, whatever it sends', () => {
    const listener = { doing: nothing, ready: nothing, told: nothing, gap: nothing, cookie: nothing, failed: nothing };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, isBegun) => {
        const receiver = new Receiver([{ id: 'state' }], listener);
        if (isBegun) receiver.take(encode({ type: 'head' }));
        try {
          receiver.take(Buffer.from(noise));
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

function nothing(): void {
  // It is the throwing that counts.
}

const NAME = fc
  .array(
    fc.integer({ min: 1, max: 255 }).filter((byte) => byte !== 0x2f),
    { minLength: 1, maxLength: 5 },
  )
  .map((bytes) => Buffer.from(bytes).toString('latin1'))
  .filter((name) => name !== '.' && name !== '..');
const PATH = fc.array(NAME, { minLength: 1, maxLength: 4 }).map((names) => Buffer.from(names.join('/'), 'latin1'));
const COUNT = fc.integer({ min: 0, max: 999_999_999 });
const DOING = {
  engine: fc.constantFrom('directories' as const, 'chokidar' as const),
  directories: COUNT,
  rssBytes: COUNT,
};
const LINE: fc.Arbitrary<Line> = fc.oneof(
  fc.constant<Line>({ type: 'head' }),
  fc.record({ type: fc.constantFrom('beat' as const, 'ready' as const), ...DOING }),
  fc.record({ type: fc.constant('told' as const), root: fc.constant('agent-1'), path: PATH, subtree: fc.boolean() }),
  fc.constant<Line>({ type: 'told', root: 'state', path: Buffer.alloc(0), subtree: true }),
  fc.record({
    type: fc.constant('gap' as const),
    word: fc.constantFrom('overflow', 'too-much', 'root-gone', 'root-replaced', 'unwatched', 'engine-changed'),
  }) as fc.Arbitrary<Line>,
  fc.record({ type: fc.constantFrom('cookie' as const, 'nocookie' as const), id: fc.stringMatching(/^[0-9a-f]{16}$/) }),
  fc.record({ type: fc.constant('failed' as const), code: fc.constantFrom('ENOSPC', 'E2BIG'), root: fc.constant('r') }),
);

test('what is written is read back, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.array(LINE), fc.integer({ min: 1, max: 50 }), (lines, size) => {
      const bytes = Buffer.concat(lines.map(encode));
      const cutter = recordCutter();
      const read: Line[] = [];
      for (let at = 0; at < bytes.length; at += size)
        read.push(...cutter.cut(bytes.subarray(at, at + size)).map((record) => decode(record)));
      expect(read).toEqual(lines);
    }),
  );
});

test('what was told is joined by path, and below a whole directory nothing is told', () => {
  const [dirty, root, other] = [new DirtySet(), rootAt('/r'), rootAt('/o', { id: 'workspace' })];
  const add = (path: string, subtree: boolean, atMs: number, of = root): boolean =>
    dirty.add({ root: of, path: Buffer.from(path), subtree, atMs });
  add('a/b/c', false, 1);
  add('a/bc', false, 2);
  add('a/b', false, 3);
  add('a/b', true, 4);
  add('a/b/c/d', true, 5);
  add('a/b', false, 6, other);
  expect(dirty.take()).toEqual([
    { root, path: Buffer.from('a/bc'), subtree: false, atMs: 2 },
    { root, path: Buffer.from('a/b'), subtree: true, atMs: 1 },
    { root: other, path: Buffer.from('a/b'), subtree: false, atMs: 6 },
  ]);
  expect([dirty.isEmpty, dirty.take()]).toEqual([true, []]);
  add('x', false, 7);
  add('', true, 8);
  expect(dirty.take()).toEqual([{ root, path: Buffer.alloc(0), subtree: true, atMs: 7 }]);
});
