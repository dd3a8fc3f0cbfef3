import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import { run } from '../host/run.ts';

/**
 * Can the rsync of this machine be told that a listed file is gone on the other one? That of Debian 12 cannot since a repair of its
 * security (3.2.7-1+deb12u6): it takes the word for a broken line, exit code 2. Found by trying, in a folder of its own below
 * `folder` that is removed again, for the version says nothing of repairs.
 */
export async function takesGone(
  { local, rsync }: { readonly local: Host; readonly rsync: string },
  folder: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  const place = join(folder, 'takes-gone');
  const sides = ['from', 'to'].map((name) => join(place, name));
  try {
    for (const side of sides) await mkdir(side, { recursive: true });
    // Where the first name of a list is gone, that one ends well: its mode is taken for that of the one before it, and not looked at.
    await writeFile(join(place, 'from', 'there'), '');
    const listed = ['--files-from=-', '--from0', '--delete-missing-args'];
    const argv = [rsync, '--recursive', ...listed, ...sides.map((side) => `${side}/`)];
    return (await run(local, argv, { stdin: 'there\0gone\0', clock, signal })).code === 0;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
