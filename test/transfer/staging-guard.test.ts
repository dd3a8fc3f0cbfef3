import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guardStaging, isFull } from '../../src/transfer/staging-guard.ts';

const UID = process.getuid?.() ?? -1;

let parent: string;
let staging: string;
beforeEach(async () => {
  parent = await realpath(await mkdtemp('/tmp/np-guard-'));
  staging = join(parent, 'staging');
  await mkdir(staging);
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('guardStaging', () => {
  it('accepts a directory of ours in a private one, whatever its own mode', async () => {
    await chmod(staging, 0o755);
    expect(await guardStaging(`${staging}/`, UID)).toBe(staging);
  });

  // F58
  it('resolves links above staging, since rsync refuses to be led through them', async () => {
    const alias = `${parent}-alias`;
    await symlink(parent, alias);
    try {
      expect(await guardStaging(join(alias, 'staging'), UID)).toBe(staging);
    } finally {
      await rm(alias);
    }
  });

  // F58
  it.each([0o710, 0o701, 0o755, 0o777])('refuses when others can enter what holds it (mode %o)', async (mode) => {
    await chmod(parent, mode);
    await expect(guardStaging(staging, UID)).rejects.toThrow('is not private');
  });

  // F58
  it('refuses what is a link, a file, or of somebody else', async () => {
    await expect(guardStaging(staging, UID + 1)).rejects.toThrow('is not private');
    await rm(staging, { recursive: true });
    await symlink('/etc', staging);
    await expect(guardStaging(staging, UID)).rejects.toThrow('is not a directory of this user');
    await rm(staging);
    await writeFile(staging, '');
    await expect(guardStaging(staging, UID)).rejects.toThrow('is not a directory of this user');
  });
});

describe('isFull', () => {
  it('finds room where there is some', async () => {
    expect(await isFull(parent)).toBe(false);
  });

  it('finds none where there is none', async () => {
    expect(await isFull('/proc')).toBe(true);
  });
});
