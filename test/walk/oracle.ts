import { run } from './folder.ts';

/** One thing in a tree, as other people's programs see it. */
export interface Seen {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly size: string;
  readonly mtime: string;
  readonly link: string;
  readonly inode: string;
  readonly nlink: string;
  readonly hash: string;
}

const FIELDS = ['%P', '%y', '%m', '%s', '%T@', '%l', '%i', '%n'];

/**
 * What GNU find and sha256sum say of a tree, in the order that GNU sort gives the paths. Text is latin1, so that each byte
 * counts. mtimes have nine digits, as file systems do.
 */
export function seenByOthers(root: string): Seen[] {
  const hashes = hashesIn(root);
  const found = new Map(
    rows(run('find', [root, '-mindepth', '1', '-printf', `${FIELDS.join('\\0')}\\0`]), FIELDS.length).map((row) => [
      row[0] ?? '',
      row,
    ]),
  );
  return sorted([...found.keys()]).map((path) => {
    const [, type = '', mode = '', size = '', mtime = '', link = '', inode = '', nlink = ''] = found.get(path) ?? [];
    return { path, type, mode, size, mtime: mtime.slice(0, -1), link, inode, nlink, hash: hashes.get(path) ?? '' };
  });
}

function hashesIn(root: string): Map<string, string> {
  const files = run('find', ['.', '-type', 'f', '-print0'], { cwd: root });
  if (files.length === 0) return new Map();
  const lines = rows(run('xargs', ['-0', 'sha256sum', '-z', '--'], { cwd: root, input: files }), 1).flat();
  return new Map(lines.map((line) => [line.slice(64 + '  ./'.length), line.slice(0, 64)]));
}

function sorted(paths: readonly string[]): string[] {
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
  return rows(run('sort', ['-z'], { input }), 1).flat();
}

function rows(output: Buffer, width: number): string[][] {
  const fields = output.toString('latin1').split('\0').slice(0, -1);
  return Array.from({ length: fields.length / width }, (_, at) => fields.slice(at * width, (at + 1) * width));
}
