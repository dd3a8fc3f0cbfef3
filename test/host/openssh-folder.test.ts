import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalHost } from '../../src/host/local.ts';
import { makeOpenSshFolder, type OpenSshFolder } from '../../src/host/openssh-folder.ts';
import { runOk } from '../../src/host/run.ts';

describe('the private folder of an ssh of ours', () => {
  let parent: string;
  const local = new LocalHost({ label: 'here', env: { PATH: process.env['PATH'] ?? '' } });
  const folders: OpenSshFolder[] = [];
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'np-run-'));
  });
  afterEach(async () => {
    for (const folder of folders.splice(0)) await folder.remove();
    rmSync(parent, { recursive: true });
  });
  const make = async (runtimeDir: string | null): Promise<OpenSshFolder> => {
    const folder = await makeOpenSshFolder(local, { runtimeDir, node: process.execPath });
    folders.push(folder);
    return folder;
  };

  it('and its token can be read by nobody else, and the token stands in no program (F59)', async () => {
    const folder = await make(parent);
    const mode = (name: string): number => lstatSync(join(folder.path, name)).mode & 0o777;
    expect([mode('.'), mode('token'), mode('askpass'), mode('host-key')]).toEqual([0o700, 0o600, 0o700, 0o700]);
    for (const name of ['askpass', 'askpass.cjs', 'host-key']) {
      expect(readFileSync(join(folder.path, name), 'utf8')).not.toContain(folder.token);
    }
    await folder.remove();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('lies in /tmp when ssh would read the name of the other place as something else, or it is not there', async () => {
    for (const name of ['two words', '%h', '${HOME}', '~', '"', 'missing/one', 'x'.repeat(70)]) {
      const unfit = join(parent, name);
      if (!name.startsWith('missing')) mkdirSync(unfit);
      expect(dirname((await make(unfit)).path)).toBe('/tmp');
    }
    expect(dirname((await make(null)).path)).toBe('/tmp');
  });

  it.runIf(process.getuid?.() === 0)('lies in /tmp when no program may be started in the other place', async () => {
    const memory = join(parent, 'noexec');
    mkdirSync(memory, { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec,mode=0700', 'none', memory]);
    try {
      writeFileSync(join(memory, 'program'), '#!/bin/sh\n', { mode: 0o700 });
      expect(() => execFileSync(join(memory, 'program'))).toThrow('EACCES');
      rmSync(join(memory, 'program'));
      const folder = await make(memory);
      expect(dirname(folder.path)).toBe('/tmp');
      expect(readdirSync(memory)).toEqual([]);
    } finally {
      execFileSync('umount', [memory]);
    }
  });

  it('holds a program that vouches for the pinned key alone, and tells which was shown', async () => {
    const folder = await make(parent);
    const judge = async (fingerprint: string): Promise<string> => {
      const words = ['HOSTNAME', fingerprint, 'ssh-ed25519', 'AAAA', '[old]:2222'];
      return (await runOk(local, [folder.hostKeyProgram, ...words])).stdout.toString();
    };
    expect(await folder.shown()).toBeNull();
    expect(await judge('SHA256:a')).toBe('');
    await folder.pin('SHA256:a');
    expect(await judge('SHA256:a')).toBe('[old]:2222 ssh-ed25519 AAAA\n');
    await expect(judge('SHA256:b')).rejects.toThrow('exit code 1');
    expect(await folder.shown()).toEqual({ fingerprint: 'SHA256:b', keyType: 'ssh-ed25519' });
  });
});
