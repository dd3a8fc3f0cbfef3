import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { survey } from '../../src/checks/survey.ts';
import type { Host } from '../../src/core/host.ts';
import { clock, Machine } from './machine.ts';

let machine: Machine;
beforeEach(async () => (machine = await Machine.make()));
afterEach(() => machine.destroy());

/** Starts the command where `$1` lies at `$2`, below directories that nobody else sees, and where the machine has no rsync of its own. */
const WITH = `set -e
mount -t tmpfs none "/$(echo "$2" | cut -d / -f 2)"
mkdir -p "$2"
mount --bind "$1" "$2"
mount --bind /dev/null /usr/bin/rsync
shift 2
exec "$@"`;

/** The machine with a directory of its own at `at`, which other tests on this computer must not find. */
function having(at: string, dir: string): Host {
  const host = machine.host();
  return {
    label: host.label,
    spawn: (argv, options) => host.spawn(['unshare', '--mount', 'sh', '-c', WITH, 'sh', dir, at, ...argv], options),
    close: () => host.close(),
  };
}

test.each(['/opt/homebrew', '/home/linuxbrew/.linuxbrew'])(
  'the product is found with its Node where Homebrew has %s, although no start-up file names it (F116)',
  async (prefix) => {
    await machine.product('brew');
    const host = having(prefix, path.join(machine.home, 'brew'));
    const { product } = await survey(host, { product: 'smart-agent-neo', clock });
    expect(product).toMatchObject({
      path: `${prefix}/bin/smart-agent-neo`,
      foundBy: 'well-known directory',
      node: `${prefix}/bin/node`,
      version: '2026.2.26',
    });
  },
);

test('the rsync of Homebrew is found where the machine has no other', async () => {
  const prefix = '/home/linuxbrew/.linuxbrew';
  await mkdir(path.join(machine.home, 'brew/bin'), { recursive: true });
  await copyFile('/usr/bin/rsync', path.join(machine.home, 'brew/bin/rsync'));
  const { rsync } = await survey(having(prefix, path.join(machine.home, 'brew')), {
    product: 'smart-agent-neo',
    clock,
  });
  expect(rsync).toMatchObject({ path: `${prefix}/bin/rsync`, packageVersion: null });
  expect(rsync?.version).toMatch(/^\d+\.\d+\.\d+$/);
});
