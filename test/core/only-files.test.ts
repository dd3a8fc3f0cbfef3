import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { movedPaths, onlyFilesFilters, onlyFilesMatcher } from '../../src/core/only-files.ts';
import { rsyncArgs } from '../../src/transfer/rsync-options.ts';
import { walk } from '../../src/walk/walker.ts';

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'np-only-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Names over which a pattern or an escape could trip. */
const NAMES = [
  'a',
  'b',
  'ab',
  '.env',
  'a b',
  ' a',
  '*',
  'a*',
  '?',
  '[a]',
  'a\\b',
  '\\*',
  '-a',
  '#a',
  '+ a',
  'é',
  'a\nb',
];

/** What lies under a name: a file, a directory with something in it, or a link. */
const kinds = fc.constantFrom('file', 'dir', 'link');
const top = fc.dictionary(fc.constantFrom(...NAMES), kinds);

describe('a root of single files', () => {
  it('is read the same by rsync, the walker and the matcher, whatever the names and whatever lay in staging before', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(top, top, fc.subarray(NAMES, { minLength: 1 }), async (there, stale, files) => {
        const folder = join(scratch, String(runs++));
        plant(join(folder, 'old'), there);
        plant(join(folder, 'new'), stale);
        const filters = ['--filter=R .np-partial/', ...onlyFilesFilters(files)];
        execFileSync('rsync', ['-rlt', '--delete-delay', ...filters, '--', './', '../new/'], {
          cwd: join(folder, 'old'),
        });
        const isListed = onlyFilesMatcher(files);
        const wanted = readdirSync(join(folder, 'old')).filter((name) => isListed(Buffer.from(name)));
        expect(pathsIn(join(folder, 'new'))).toEqual(wanted.sort());
        expect(await walked(join(folder, 'old'), files)).toEqual(wanted);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('says each path that moves', () => {
    expect(movedPaths({ oldPath: '/home/al', files: ['a', '.b'] })).toEqual(['/home/al/a', '/home/al/.b']);
    expect(movedPaths({ oldPath: '/', files: ['a'] })).toEqual(['/a']);
    expect(movedPaths({ oldPath: '/home/al/ws', files: null })).toEqual(['/home/al/ws']);
  });

  it('has filters that the receiving rsync is let have', () => {
    const more = { version: '3.2.7', rsh: 'x', stagingPath: '/s', checksum: false, delete: { max: 5 }, plain: false };
    const rest = {
      only: null,
      kind: 'places' as const,
      ignoreTimes: false,
      bwlimitKiBps: null,
      timeoutSeconds: 60,
      fsync: false,
      dryRun: false,
    };
    const args = rsyncArgs({ ...more, ...rest, filters: onlyFilesFilters(['a', '[b]']) });
    expect(args).toEqual(expect.arrayContaining(['--filter=+ /a', '--filter=+ /\\[b]', '--filter=H *']));
  });
});

function plant(root: string, there: Readonly<Record<string, string>>): void {
  mkdirSync(root, { recursive: true });
  for (const [name, kind] of Object.entries(there)) {
    const path = join(root, name);
    if (kind === 'file') writeFileSync(path, 'x');
    else if (kind === 'link') symlinkSync('nowhere', path);
    else {
      mkdirSync(path);
      writeFileSync(join(path, 'a'), 'x');
    }
  }
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const isDir = lstatSync(join(folder, name)).isDirectory();
      return [name, ...(isDir ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`) : [])];
    })
    .sort();
}

async function walked(root: string, files: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  for await (const item of walk(root, { excludes: [], room: 'state', workspaces: [], hash: true, files })) {
    names.push(item.path.toString());
  }
  return names.sort();
}
