import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { twoPlaces, type TwoPlaces } from './two-places.ts';

let places: TwoPlaces;
beforeEach(async () => (places = await twoPlaces()));
afterEach(() => places.remove());

/** A Host whose every program start, down to the last child, is written to a file. */
function traced(host: Host, file: string): Host {
  return {
    label: host.label,
    close: () => host.close(),
    spawn: (argv, options) =>
      host.spawn(['strace', '-f', '-qq', '-s', '256', '-e', 'trace=execve', '-o', file, ...argv], options),
  };
}

/** The programs that were started, each once. */
async function started(file: string): Promise<string[]> {
  const trace = await readFile(file, 'latin1');
  return [...new Set([...trace.matchAll(/execve\("([^"]*)"/g)].map((match) => match[1] ?? ''))].sort();
}

// F60: node-rsync runs `/bin/sh -c` and lets ; | & < > ( ) * ? and newlines through; nothing of ours may ever reach a shell
describe('no shell', () => {
  it('is started on either machine, whatever the paths and names are', async () => {
    const hostile = 'src;touch pwned;$(touch pwned)`touch pwned`|touch pwned\ntouch pwned\n&*?<>()"\'';
    const [oldPath, quarantine] = [join(places.folder, hostile), join(places.folder, `q ${hostile}`)];
    const stagingPath = join(quarantine, hostile);
    await rename(places.tree, oldPath);
    await mkdir(stagingPath, { recursive: true, mode: 0o700 });
    await writeFile(join(oldPath, 'src;touch pwned'), 'x');
    await mkdir(join(oldPath, '$(touch pwned)'));
    const [oldTrace, newTrace] = [join(places.folder, 'old.trace'), join(places.folder, 'new.trace')];
    await places.pull({
      oldPath,
      stagingPath,
      old: traced(places.old, oldTrace),
      local: traced(places.local, newTrace),
      filters: ['--filter=-p /$(touch pwned);touch pwned'],
    });
    expect((await readdir(stagingPath)).sort()).toEqual(['$(touch pwned)', 'src;touch pwned']);
    expect(await started(oldTrace)).toEqual(['/usr/bin/rsync']);
    expect(await started(newTrace)).toEqual([process.execPath, '/usr/bin/rsync'].sort());
    for (const folder of [places.folder, oldPath, stagingPath, '/', process.cwd()]) {
      await expect(access(join(folder, 'pwned'))).rejects.toThrow('ENOENT');
    }
  });
});
