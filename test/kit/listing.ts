import { spawnSync } from 'node:child_process';

/** One entry as GNU find and sha256sum see it: the oracle beside our own walker. Paths are latin1 strings of their bytes. */
export interface Listed {
  readonly type: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtime: string;
  readonly link: string;
  /** `device:inode` where there are several names, else empty. */
  readonly twin: string;
  readonly sha256: string;
}

const MAX_BUFFER = 256 * 1024 * 1024;

/**
 * Lists a tree by programs that are not ours, the root itself left out. What lies in `apart`, entries of the root by their names, is
 * not even read: an installed product has a Node of a hundred megabytes. A file that goes while a living tree is listed has no hash.
 */
export function listTree(root: string, apart: readonly string[] = []): Map<string, Listed> {
  const spared = apart.flatMap((name) => ['-path', `./${name}`, '-prune', '-o']);
  const form = '%P\\0%y\\0%m\\0%s\\0%T@\\0%l\\0%n %D:%i\\0';
  const fields = tool(root, ['find', '.', '-ignore_readdir_race', '-mindepth', '1', ...spared, '-printf', form]).split(
    '\0',
  );
  const hashes = hashesOf(root, spared);
  const listed = new Map<string, Listed>();
  for (let at = 0; at + 6 < fields.length; at += 7) {
    const [path = '', type = '', mode = '', size = '', mtime = '', link = '', ino = ''] = fields.slice(at, at + 7);
    const twin = type === 'f' && !ino.startsWith('1 ') ? (ino.split(' ')[1] ?? '') : '';
    const sizeBytes = type === 'f' ? Number(size) : 0;
    listed.set(path, {
      type,
      mode: Number.parseInt(mode, 8),
      sizeBytes,
      mtime,
      link,
      twin,
      sha256: hashes.get(path) ?? '',
    });
  }
  return listed;
}

/** Names of hard-linked files, grouped: equal for two trees when their groups are. */
export function twinsIn(tree: ReadonlyMap<string, Listed>): string[] {
  const groups = new Map<string, string[]>();
  for (const [path, { twin }] of tree) if (twin !== '') groups.set(twin, [...(groups.get(twin) ?? []), path]);
  return [...groups.values()].map((names) => names.sort().join('\0')).sort();
}

function hashesOf(root: string, spared: readonly string[]): Map<string, string> {
  const script = 'find . -ignore_readdir_race "$@" -type f -print0 | xargs -0 -r sha256sum -z --';
  const lines = tool(root, ['sh', '-c', script, 'sh', ...spared]).split('\0');
  return new Map(lines.filter(Boolean).map((line) => [line.slice(68), line.slice(0, 64)]));
}

function tool(cwd: string, argv: readonly string[]): string {
  const [command = '', ...args] = argv;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    maxBuffer: MAX_BUFFER,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  });
  const said = stderr.toString().split('\n').filter(Boolean);
  const isOnlyGone = said.length > 0 && said.every((line) => line.endsWith(': No such file or directory'));
  if (status !== 0 && !isOnlyGone) throw new Error(`${command} failed: ${said.join('\n')}`);
  return stdout.toString('latin1');
}
