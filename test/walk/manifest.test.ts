import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProblemCode } from '../../src/core/problem.ts';
import { isEntry } from '../../src/walk/entry.ts';
import { readManifest } from '../../src/walk/manifest.ts';
import { encode, type Line } from '../../src/walk/record.ts';
import { growNastyTree } from '../kit/tree.ts';
import { waitFor } from '../kit/wait.ts';
import { folder } from './folder.ts';
import { grow, PLANTS } from './grow.ts';
import { nodeThat, take } from './lab.ts';
import { collect, walked } from './walked.ts';

const ROOT_USER = process.getuid?.() === 0;

describe('a manifest', () => {
  test('taken by the program on a machine holds what a walk finds there', async () => {
    const [root, run] = [folder(), folder()];
    await growNastyTree(root, { files: 300, specials: true });
    const summary = await take(root, join(run, 'm'));
    const entries = (await walked(root)).filter(isEntry);
    expect(await collect(readManifest(join(run, 'm')))).toEqual(entries);
    expect(summary.entries).toBe(entries.length);
    const firsts = entries.filter(({ hardlink }) => hardlink === null);
    expect(summary.bytes).toBe(firsts.reduce((sum, { size }) => sum + size, 0));
    expect(summary.skipped.map(({ rule, entries: count }) => [rule, count])).toEqual([
      ['socket', 1],
      ['fifo', 1],
    ]);
    expect(summary.unreadable).toEqual([]);
  });

  test('is private, replaces the one before, and nothing else is left in the folder', async () => {
    const [root, run] = [folder(), folder()];
    const file = join(run, 'm');
    writeFileSync(file, 'the one before', { mode: 0o644 });
    writeFileSync(`${file}.partial`, 'left by a crash', { mode: 0o644 });
    await take(root, file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(run)).toEqual(['m']);
    expect(await collect(readManifest(file))).toEqual([]);
  });

  test('of two equal trees has one hash, in whatever order their names and links were made', async () => {
    await fc.assert(
      fc.asyncProperty(PLANTS, async (plants) => {
        const [one, two, run] = [folder(), folder(), folder()];
        grow(one, plants, 'forward');
        grow(two, plants, 'backward');
        const first = await take(one, join(run, 'one'));
        expect((await take(two, join(run, 'two'))).sha256).toBe(first.sha256);
      }),
      { numRuns: 15 },
    );
  });

  test('leaves nothing behind on the machine', async () => {
    const [root, run, home] = [folder(), folder(), folder()];
    await growNastyTree(root, { files: 20 });
    const before = readdirSync(root);
    await take(root, join(run, 'm'), { node: nodeThat(folder(), `HOME=${home} exec ${process.execPath} "$@"`) });
    expect(readdirSync(root)).toEqual(before);
    expect(readdirSync(home)).toEqual([]);
  });

  test('counts what each rule leaves out, in the order of the rules', async () => {
    const [root, run] = [folder(), folder()];
    mkdirSync(join(root, 'logs'));
    writeFileSync(join(root, 'logs', 'one'), '12345');
    writeFileSync(join(root, 'a.lock'), '1');
    writeFileSync(join(root, 'b.lock'), '12');
    const rule = (pattern: string) => ({ pattern, reason: `why ${pattern}`, room: 'any' as const });
    const { skipped, entries } = await take(root, join(run, 'm'), { excludes: ['*.tmp', 'logs/', '*.lock'].map(rule) });
    expect(entries).toBe(0);
    expect(skipped).toEqual([
      { rule: 'logs/', reason: 'why logs/', entries: 2, bytes: 5 },
      { rule: '*.lock', reason: 'why *.lock', entries: 2, bytes: 3 },
    ]);
  });

  test('names what this account cannot read, printable, and counts the rest', async () => {
    const [root, run] = [folder(), folder()];
    mkdirSync(join(root, 'closed'));
    writeFileSync(join(root, 'closed', 'in it'), '');
    chmodSync(join(root, 'closed'), 0o000);
    for (let at = 0; at < 150; at++)
      writeFileSync(join(root, `secret\u001b[31m${String(at).padStart(3, '0')}`), '', { mode: 0o000 });
    writeFileSync(join(root, 'open'), '');
    const user = ROOT_USER ? 'exec setpriv --reuid=65534 --regid=65534 --clear-groups' : 'exec';
    const node = nodeThat(folder(), `${user} ${process.execPath} "$@"`);
    const summary = await take(root, join(run, 'm'), { node });
    expect(summary.entries).toBe(2);
    expect(summary.unreadableCount).toBe(151);
    expect(summary.unreadable).toHaveLength(100);
    expect(summary.unreadable.slice(0, 2)).toEqual(['closed (EACCES)', 'secret\\x1b[31m000 (EACCES)']);
    chmodSync(join(root, 'closed'), 0o755);
  });

  // F73
  test('can be taken with 64 descriptors, however deep the tree and however many files', async () => {
    const [root, run] = [folder(), folder()];
    const deep = join(root, ...Array.from({ length: 100 }, () => 'd'));
    mkdirSync(join(deep, 'left-out', ...Array.from({ length: 100 }, () => 'd')), { recursive: true });
    for (let at = 0; at < 40; at++) truncateSync(made(join(deep, `f${at}`)), 1024 * 1024);
    const excludes = [{ pattern: 'left-out/', reason: 'deep as well', room: 'any' as const }];
    const node = nodeThat(folder(), `ulimit -n 64; exec ${process.execPath} "$@"`);
    const summary = await take(root, join(run, 'm'), { node, excludes });
    expect(summary.unreadable).toEqual([]);
    expect(summary.entries).toBe(140);
    expect(summary.skipped).toMatchObject([{ entries: 101 }]);
  });
});

describe('taking a manifest fails as', () => {
  test('source-gone when the root is missing or no directory', async () => {
    const root = folder();
    writeFileSync(join(root, 'file'), '');
    await fails(take(join(root, 'missing'), join(root, 'm')), 'source-gone', /no directory .*missing \(ENOENT\)/);
    await fails(take(join(root, 'file'), join(root, 'm')), 'source-gone', /ENOTDIR/);
  });

  test('root-unreadable when this account may not look into the root', async () => {
    const [root, run] = [folder(), folder()];
    chmodSync(root, 0o000);
    const user = ROOT_USER ? 'exec setpriv --reuid=65534 --regid=65534 --clear-groups' : 'exec';
    await fails(
      take(root, join(run, 'm'), { node: nodeThat(folder(), `${user} ${process.execPath} "$@"`) }),
      'root-unreadable',
      /EACCES/,
    );
  });

  test('command-not-found without that Node', async () => {
    const run = folder();
    await fails(take(run, join(run, 'm'), { node: '/nowhere/node' }), 'command-not-found', /\/nowhere\/node/);
    await fails(
      take(run, join(run, 'm'), { node: nodeThat(folder(), 'exec /nowhere/node') }),
      'command-not-found',
      /nowhere/,
    );
  });

  test('command-failed with the reason when the program breaks', async () => {
    const run = folder();
    const broken = nodeThat(
      folder(),
      `cat >/dev/null; printf 'at x\\nTypeError: \\033[31mred\\n\\nNode.js v18\\n' >&2; exit 1`,
    );
    await fails(
      take(run, join(run, 'm'), { node: broken }),
      'command-failed',
      /exit code 1: TypeError: \\x1b\[31mred$/,
    );
    await fails(
      take(run, join(run, 'm'), { node: nodeThat(folder(), 'kill -KILL $$') }),
      'command-failed',
      /signal KILL/,
    );
  });

  // F25, F52
  test('answer-malformed when something else speaks, and when the end is missing', async () => {
    const dir: Line = {
      type: 'dir',
      path: Buffer.from('b'),
      mode: 0o755,
      size: 0,
      mtimeNs: 1n,
      link: null,
      hash: null,
      hardlink: null,
      ino: '1',
      ctimeNs: 1n,
      nlink: 2,
    };
    const before = { ...dir, path: Buffer.from('a') };
    const skip: Line = { type: 'skip', path: Buffer.from('s'), rule: 'invented', reason: 'none', entries: 1, bytes: 0 };
    const head: Line = { type: 'head' };
    const end = (entries: number): Line => ({ type: 'end', entries });
    await saying('welcome to this machine\n', /it breaks off/);
    await saying('{"a":1}\0\0\0\0\0', /leads astray/);
    await saying([head, dir], /breaks off/);
    await saying([dir, end(1)], /where none belong/);
    await saying([head, dir, end(2)], /some are missing/);
    await saying([head, dir, end(1), before], /where none belong/);
    await saying([head, head, end(0)], /where none belong/);
    await saying([head, dir, dir, end(2)], /out of order/);
    await saying([head, dir, before, end(2)], /out of order/);
    await saying([head, skip, end(0)], /by no rule/);
    await saying([], /breaks off/);
  });

  // F25
  test('answer-malformed, at once, when a record has no end', async () => {
    const run = folder();
    const node = nodeThat(folder(), 'cat /dev/zero | tr "\\000" x');
    await fails(take(run, join(run, 'm'), { node }), 'answer-malformed', /without an end/);
  });

  // F26
  test('command-timeout when nothing comes any more', async () => {
    const run = folder();
    const node = nodeThat(folder(), 'exec sleep 600');
    await fails(take(run, join(run, 'm'), { node, stallMs: 300 }), 'command-timeout', /said nothing for 0.3 s/);
  });

  test('the reason of the signal when it aborts, and the program is ended', async () => {
    const run = folder();
    const abort = new AbortController();
    const reason = new Error('Ctrl-C');
    const node = nodeThat(folder(), `echo $$ > ${run}/pid; exec sleep 600`);
    const taking = take(run, join(run, 'm'), { node, signal: abort.signal });
    const failing = expect(taking).rejects.toBe(reason);
    const pidFile = join(run, 'pid');
    const pid = await waitFor(
      'the program to start',
      () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')),
    );
    abort.abort(reason);
    await failing;
    await waitFor('the program to end', () => !existsSync(`/proc/${pid}`));
    await expect(take(run, join(run, 'm'), { signal: abort.signal })).rejects.toBe(reason);
  });
});

/** Takes a manifest from a machine whose Node says this, and expects that it is refused and leaves no manifest. */
async function saying(what: string | readonly Line[], why: RegExp): Promise<void> {
  const dir = folder();
  writeFileSync(join(dir, 'said'), typeof what === 'string' ? what : Buffer.concat(what.map(encode)));
  const node = nodeThat(dir, `cat > /dev/null; exec cat ${dir}/said`);
  await fails(take(dir, join(dir, 'm'), { node }), 'answer-malformed', why);
  expect(readdirSync(dir).toSorted()).toEqual(['node', 'said']);
}

async function fails(taking: Promise<unknown>, code: ProblemCode, message: RegExp): Promise<void> {
  await expect(taking).rejects.toMatchObject({ problem: { code, message: expect.stringMatching(message) as string } });
}

function made(path: string): string {
  writeFileSync(path, '');
  return path;
}
