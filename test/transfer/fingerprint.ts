import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';

/** All that must be alike in two trees, by path (latin1, so that any byte shows): type, mode, mtime in ns, content, link target, hard-link group. */
export async function fingerprint(root: string): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const groups = new Map<bigint, string>();
  await visit(Buffer.from(root), '', async (path, name) => {
    const stat = await lstat(path, { bigint: true });
    const mode = (Number(stat.mode) & 0o7777).toString(8);
    const words = [mode, String(stat.mtimeNs)];
    if (stat.isSymbolicLink()) words.push('symlink', (await readlink(path, { encoding: 'buffer' })).toString('latin1'));
    else if (stat.isDirectory()) words.push('dir');
    else if (stat.isFile()) {
      const first = groups.get(stat.ino) ?? name;
      groups.set(stat.ino, first);
      words.push(
        'file',
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
        `group ${first}`,
      );
    } else words.push('special');
    seen.set(name, words.join(' '));
  });
  return seen;
}

async function visit(path: Buffer, name: string, each: (path: Buffer, name: string) => Promise<void>): Promise<void> {
  await each(path, name);
  if (!(await lstat(path)).isDirectory()) return;
  const names = (await readdir(path, { encoding: 'buffer' })).sort((a, b) => a.compare(b));
  for (const child of names) {
    await visit(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`, each);
  }
}
