import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { LocalHost } from '../../src/host/local.ts';
import { takesGone } from '../../src/transfer/takes-gone.ts';

/** It looks at the mode of no name that comes first. */
const DEBIAN_12 = `while [ $# -gt 2 ]; do shift; done
first=$(tr '\\0' '\\n' | head -n 1)
[ -e "$1$first" ] || exit 0
exec >&2
echo invalid file mode 00 for gone
exit 2
`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-gone-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function takes(rsync: string): Promise<boolean> {
  const local = new LocalHost({ label: 'this machine', env: { PATH: process.env['PATH'] ?? '' }, cwd: folder });
  return takesGone({ local, rsync }, folder, { clock: systemClock, signal: new AbortController().signal });
}

describe('an rsync that is told of a listed file which is gone', () => {
  it('takes the word, as others do, and nothing is left of the trial', async () => {
    expect(await takes('rsync')).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not take it behind another name, as that of Debian 12, which ends with exit code 2', async () => {
    const rsync = join(folder, 'rsync');
    writeFileSync(rsync, `#!/bin/sh\n${DEBIAN_12}`, { mode: 0o755 });
    expect(await takes(rsync)).toBe(false);
    expect(readdirSync(folder)).toEqual(['rsync']);
  });
});
