import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPage } from '../../src/cli/open-page.ts';
import { LocalHost } from '../../src/host/local.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'np-open-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PERSON = { uid: 1000, env: { DISPLAY: ':0' }, platform: 'linux' } as const;

/** This machine with an opener of that name, which writes down what it is to open. */
function machine(opener: string, exit = 0): LocalHost {
  const path = join(folder, opener);
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/opened'\nexit ${exit}\n`);
  chmodSync(path, 0o755);
  return new LocalHost({ label: 'this machine', env: { PATH: folder, HOME: folder } });
}

function opened(): string | null {
  return existsSync(join(folder, 'opened')) ? readFileSync(join(folder, 'opened'), 'utf8') : null;
}

describe('a page is opened', () => {
  it.each([
    ['xdg-open', PERSON],
    ['xdg-open', { ...PERSON, env: { WAYLAND_DISPLAY: 'wayland-0' } }],
    ['open', { ...PERSON, env: {}, platform: 'darwin' }],
  ] as const)('by %s, its path one word', async (opener, viewer) => {
    expect(await openPage(machine(opener), '/r/a b/report.html', viewer)).toBe(null);
    expect(opened()).toBe('/r/a b/report.html\n');
  });

  it.each([
    ['by root', { ...PERSON, uid: 0 }, 'root'],
    ['without a screen', { ...PERSON, env: {} }, 'no screen'],
    ['over SSH on a Mac', { ...PERSON, env: { SSH_CONNECTION: 'x' }, platform: 'darwin' }, 'no screen'],
  ] as const)('never %s', async (_, viewer, why) => {
    expect(await openPage(machine('xdg-open'), '/r/report.html', viewer)).toContain(why);
    expect(opened()).toBe(null);
  });

  it('or it is said why not', async () => {
    expect(await openPage(machine('other'), '/r/report.html', PERSON)).toBe('xdg-open is not installed here');
    expect(await openPage(machine('xdg-open', 3), '/r/report.html', PERSON)).toBe('xdg-open ended with exit code 3');
  });
});
