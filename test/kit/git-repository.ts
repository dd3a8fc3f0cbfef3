import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

function putObject(git: string, kind: string, body: Buffer): string {
  const whole = Buffer.concat([Buffer.from(`${kind} ${String(body.length)}\0`), body]);
  const id = createHash('sha1').update(whole).digest('hex');
  const folder = join(git, 'objects', id.slice(0, 2));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, id.slice(2)), deflateSync(whole), { mode: 0o444 });
  return id;
}

/**
 * Makes `folder/.git`: a valid repository whose one commit holds `files` (name → text), without calling git, which would
 * cost more time than all the rest of a test lab. One hook is executable.
 */
export function makeRepository(folder: string, files: Readonly<Record<string, string>>): void {
  const git = join(folder, '.git');
  for (const name of ['objects', 'refs/heads', 'refs/tags', 'hooks', 'info'])
    mkdirSync(join(git, name), { recursive: true });
  const entries = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  const tree = entries.map(([name, text]) => {
    const id = putObject(git, 'blob', Buffer.from(text));
    return Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(id, 'hex')]);
  });
  const treeId = putObject(git, 'tree', Buffer.concat(tree));
  const who = 'Neo <neo@example.org> 1795331665 +0000';
  const commit = putObject(git, 'commit', Buffer.from(`tree ${treeId}\nauthor ${who}\ncommitter ${who}\n\nbegin\n`));
  writeFileSync(join(git, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(git, 'refs/heads/main'), `${commit}\n`);
  writeFileSync(join(git, 'config'), '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n');
  writeFileSync(join(git, 'info/exclude'), '*.tmp\n');
  writeFileSync(join(git, 'hooks/pre-commit'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
}
