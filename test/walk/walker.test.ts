import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExcludeRule } from '../../src/core/plan.ts';
import { bestReach, type Reach } from '../../src/walk/directory.ts';
import { isEntry } from '../../src/walk/entry.ts';
import { walk } from '../../src/walk/walker.ts';
import { growNastyTree } from '../kit/tree.ts';
import { folder, run } from './folder.ts';
import { grow, PLANTS } from './grow.ts';
import { seenByOthers } from './oracle.ts';
import { asSeen, comparable, groupsByInode, groupsOf, paths, walked } from './walked.ts';

const ALL = { excludes: [], room: 'workspace', workspaces: [], hash: false } as const;

describe.each<Reach>(['descriptors', 'paths'])('a walk by %s', (reach) => {
  test('finds what GNU find and sha256sum find, in the order of sort, in any tree', async () => {
    await fc.assert(
      fc.asyncProperty(PLANTS, async (plants) => {
        const root = folder();
        grow(root, plants);
        const items = await walked(root, { reach });
        const seen = seenByOthers(root);
        expect(asSeen(items)).toEqual(comparable(seen));
        expect(groupsOf(items)).toEqual(groupsByInode(seen));
      }),
      { numRuns: 60 },
    );
  });

  // F41, F70, F119
  test('finds every nasty name, link, mode and time', async () => {
    const root = folder();
    await growNastyTree(root, { files: 300 });
    expect(asSeen(await walked(root, { reach }))).toEqual(comparable(seenByOthers(root)));
  });

  // F71
  test('knows times from 1901 to 2200', async () => {
    const root = folder();
    const stamps = { a: -2_147_483_648n, b: -1n, c: 0n, d: 2_147_483_648n, e: 7_258_118_400n };
    for (const [name, seconds] of Object.entries(stamps)) run('touch', ['-d', `@${seconds}`, join(root, name)]);
    const items = (await walked(root, { reach })).filter(isEntry);
    expect(items.map(({ mtimeNs }) => mtimeNs)).toEqual(
      Object.values(stamps).map((seconds) => seconds * 1_000_000_000n),
    );
  });

  // F43, F44
  test('never follows a symlink, nor what turns into one while it walks', async () => {
    const outside = folder();
    writeFileSync(join(outside, 'secret'), 'not ours');
    const root = folder();
    symlinkSync(outside, join(root, 'link'));
    mkdirSync(join(root, 'm'));
    // These sort between `m` and what is in it, and are more than the walk looks ahead.
    for (let at = 0; at < 600; at++) writeFileSync(join(root, `m-${String(at).padStart(3, '0')}`), '');
    const seen: string[] = [];
    for await (const item of walk(root, { ...ALL, reach })) {
      if (seen.length === 0) {
        rmSync(join(root, 'm'), { recursive: true });
        symlinkSync(outside, join(root, 'm'));
      }
      seen.push(`${item.path.toString()} ${'code' in item ? item.code : item.type}`);
    }
    expect(seen).toHaveLength(603);
    expect(seen.filter((one) => !one.startsWith('m-'))).toEqual(['link symlink', 'm dir', 'm ESTALE']);
  });

  test('goes on when the directory it stands in is moved away', async () => {
    const root = folder();
    const inner = join(root, 'a', ...Array.from({ length: 20 }, () => 'b'));
    mkdirSync(inner, { recursive: true });
    for (let at = 0; at < 600; at++) writeFileSync(join(inner, `f${at}`), '');
    writeFileSync(join(root, 'a', 'last'), '');
    writeFileSync(join(root, 'z'), '');
    const items = [];
    for await (const item of walk(root, { ...ALL, reach })) {
      if (items.length === 100) renameSync(join(root, 'a', 'b', 'b'), join(root, 'moved'));
      items.push(item);
    }
    expect(paths(items)).toContain('z');
    expect(
      items.filter(({ type }) => type === 'unreadable').length + Number(paths(items).includes('a/last')),
    ).toBeGreaterThan(0);
  });
});

test('Linux lets the walk reach everything through open directories', () => {
  expect(bestReach()).toBe('descriptors');
});

// F46
test('sockets, pipes and devices are left out with a reason and never opened', async () => {
  const root = folder();
  await growNastyTree(root, { files: 0, specials: true });
  if (process.getuid?.() === 0) run('mknod', [join(root, 'device'), 'c', '1', '5']);
  const skips = (await walked(root)).filter((item) => item.type === 'skip');
  expect(skips.map(({ path, rule }) => `${path.toString()}: ${rule}`)).toEqual([
    ...(process.getuid?.() === 0 ? ['device: device'] : []),
    'fifo: fifo',
    'left-socket: socket',
  ]);
  expect(skips.every(({ entries, bytes, reason }) => entries === 1 && bytes === 0 && reason !== '')).toBe(true);
});

// F47
test('a tree 4,000 directories deep is walked to its end', async () => {
  const root = folder();
  const dig = `for (let at = 0; at < 4000; at++) { fs.mkdirSync('d'); process.chdir('d'); } fs.writeFileSync('end', 'deep')`;
  run(process.execPath, ['-e', dig], { cwd: root });
  const items = await walked(root);
  expect(items).toHaveLength(4001);
  const last = items.at(-1);
  expect(last?.path.toString()).toBe(`${'d/'.repeat(4000)}end`);
  expect(last?.type === 'file' ? last.size : null).toBe(4);
}, 180_000);

// F47
test('a path too long for any copy is reported and not gone into', async () => {
  const root = folder();
  const dig = `const n = 'd'.repeat(255); for (let at = 0; at < 260; at++) { fs.mkdirSync(n); process.chdir(n); }`;
  run(process.execPath, ['-e', dig], { cwd: root });
  const items = await walked(root);
  const last = items.at(-1);
  expect(items).toHaveLength(257);
  expect(last?.type === 'unreadable' ? last.code : null).toBe('ENAMETOOLONG');
});

// F47
test('a directory of 100,000 entries is walked in order', async () => {
  const root = folder();
  run('sh', ['-c', 'seq 100000 | xargs touch'], { cwd: root });
  const names = paths(await walked(root, { hash: false }));
  expect(names).toHaveLength(100_000);
  expect(names.join('\n') === names.toSorted().join('\n')).toBe(true);
}, 180_000);

// F48
test('a file that is appended to faster than it is read is recorded as long as it was when it was opened', async () => {
  const root = folder();
  const file = join(root, 'log');
  truncateSync(openFile(file), 5 * 1024 * 1024);
  const [entry] = await walked(root, { onRead: () => appendFileSync(file, Buffer.alloc(2 * 1024 * 1024)) });
  expect(entry).toMatchObject({ type: 'file', size: 5 * 1024 * 1024 });
});

test('a file that shrinks while it is read is recorded with the bytes that were read', async () => {
  const root = folder();
  const file = join(root, 'log');
  truncateSync(openFile(file), 5 * 1024 * 1024);
  const [entry] = await walked(root, { onRead: () => truncateSync(file, 512 * 1024) });
  const zeros = run('sha256sum', [], { input: Buffer.alloc(512 * 1024) })
    .toString()
    .slice(0, 64);
  expect(entry).toMatchObject({ type: 'file', size: 512 * 1024, hash: zeros });
});

// F86
test('what vanishes before it is looked at is left out', async () => {
  const root = folder();
  for (let at = 0; at < 1000; at++) writeFileSync(join(root, `n${String(at).padStart(4, '0')}`), '');
  const names: string[] = [];
  for await (const item of walk(root, { ...ALL, hash: true })) {
    if (names.length === 0) rmSync(join(root, 'n0999'));
    names.push(item.path.toString());
  }
  expect(names).toHaveLength(999);
});

test('a consumer that stops early leaves no descriptor open', async () => {
  const root = folder();
  await growNastyTree(root, { files: 300 });
  truncateSync(openFile(join(root, '-large')), 64 * 1024 * 1024);
  for await (const item of walk(root, { ...ALL, hash: true })) if (item.path.toString() === 'binary') break;
  const open = readdirSync('/proc/self/fd').map((fd) => readlinkOrNone(`/proc/self/fd/${fd}`));
  expect(open.filter((path) => path.startsWith(root))).toEqual([]);
});

test('a root that is a symlink is walked; one that is none or missing is an error', async () => {
  const root = folder();
  mkdirSync(join(root, 'real'));
  writeFileSync(join(root, 'real', 'file'), '');
  symlinkSync('real', join(root, 'link'));
  expect(paths(await walked(join(root, 'link')))).toEqual(['file']);
  await expect(walked(join(root, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(walked(join(root, 'real', 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

describe('exclude rules', () => {
  const rule = (pattern: string): ExcludeRule => ({ pattern, reason: `because of ${pattern}`, room: 'any' });

  test('leave out a directory with all that is in it, and say how much that is', async () => {
    const root = folder();
    mkdirSync(join(root, 'logs', 'deep'), { recursive: true });
    writeFileSync(join(root, 'logs', 'one'), '12345');
    writeFileSync(join(root, 'logs', 'deep', 'two'), '123');
    writeFileSync(join(root, 'logs-kept'), '');
    writeFileSync(join(root, 'x.lock'), '12');
    const items = await walked(root, { excludes: [rule('logs/'), rule('*.lock')] });
    expect(items.map(({ path, type }) => `${path.toString()} ${type}`)).toEqual([
      'logs skip',
      'logs-kept file',
      'x.lock skip',
    ]);
    expect(items[0]).toMatchObject({ rule: 'logs/', reason: 'because of logs/', entries: 4, bytes: 8 });
    expect(items[2]).toMatchObject({ rule: '*.lock', entries: 1, bytes: 2 });
  });

  test('make the next name of a hard-linked file its first, as in the copy', async () => {
    const root = folder();
    writeFileSync(join(root, 'a.lock'), 'one file');
    linkSync(join(root, 'a.lock'), join(root, 'b'));
    linkSync(join(root, 'a.lock'), join(root, 'c'));
    const items = (await walked(root, { excludes: [rule('*.lock')] })).filter(isEntry);
    expect(items.map(({ hardlink }) => hardlink?.toString() ?? null)).toEqual([null, 'b']);
  });
});

/** Where a link points; the descriptor that lists the others is gone by now. */
function readlinkOrNone(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function openFile(path: string): string {
  writeFileSync(path, '');
  return path;
}
