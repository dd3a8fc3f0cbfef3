import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalHost } from '../../src/host/local.ts';
import { readSshSettings, type SshAccount, type SshQuery, type SshSettings } from '../../src/host/ssh-config.ts';
import { problemFrom } from '../kit/problem-from.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'np-files-'));
  mkdirSync(join(home, '.ssh'));
});
afterEach(() => rmSync(home, { recursive: true }));

const here = new LocalHost({ label: 'here', env: { PATH: process.env['PATH'] ?? '' }, cwd: '/' });
const bare = new LocalHost({ label: 'here', env: { PATH: '/nonexistent' }, cwd: '/' });

function write(name: string, text: string, mode: number): string {
  const path = join(home, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function settings(on: LocalHost, configFile: string | null, uid = userInfo().uid): Promise<SshSettings> {
  const nothing = { user: null, port: null, identities: [], jump: null, options: [], family: null };
  const query: SshQuery = { host: 'old', configFile, ...nothing };
  const account: SshAccount = { user: userInfo().username, uid, home, cwd: home, env: {} };
  return readSshSettings(on, query, { account });
}

describe('without an ssh to ask, a configuration', () => {
  it.each([[0o664], [0o646], [0o622]])('of the user that others may write (%o) is refused', async (mode) => {
    write('.ssh/config', 'Host old\n  Port 2222\n', mode);
    const problem = await problemFrom(settings(bare, null));
    expect(problem).toMatchObject({ code: 'option-invalid' });
    expect(problem.message).toContain('Bad owner or permissions');
    expect(problem.hint).toContain(`chmod go-w ${home}/.ssh/config`);
  });

  it('of the user that belongs to somebody else is refused', async () => {
    const path = write('.ssh/config', 'Host old\n  Port 2222\n', 0o600);
    if (userInfo().uid === 0) chownSync(path, 54_321, 0);
    expect(await problemFrom(settings(bare, null, 12_345))).toMatchObject({ code: 'option-invalid' });
  });

  it('of the user that only the user may write is used', async () => {
    write('.ssh/config', 'Host old\n  Port 2222\n', 0o644);
    expect(await settings(bare, null)).toMatchObject({ port: 2222 });
  });

  it('that -F names is used whoever may write it, and nothing that it includes, as with ssh', async () => {
    const loose = write('loose', 'Host old\n  Port 2222\n', 0o666);
    const including = write('including', `Include ${loose}\n`, 0o600);
    for (const on of [here, bare]) {
      expect(await settings(on, loose)).toMatchObject({ port: 2222 });
      const problem = await problemFrom(settings(on, including));
      expect(problem).toMatchObject({ code: 'option-invalid' });
      expect(problem.message).toContain('Bad owner or permissions');
      expect(problem.message).toContain(loose);
    }
  });

  it('means by relative paths what they are from where ssh is started, and so does one that ssh is asked for', async () => {
    const path = write('relative', `Host old\n  IdentityFile key\n  UserKnownHostsFile known /etc/two\n`, 0o600);
    for (const on of [here, bare]) {
      const { identities, knownHosts } = await settings(on, path);
      expect(identities).toEqual([join(home, 'key')]);
      expect(knownHosts.slice(0, 2)).toEqual([join(home, 'known'), '/etc/two']);
    }
    write('there', '', 0o600);
    const asked = write('asked', 'Match exec "test -e there"\n  Port 2222\n', 0o600);
    expect(await settings(here, asked)).toMatchObject({ port: 2222 });
  });

  it('gives times in the units that ssh takes', async () => {
    const path = write('times', 'Host old\n  ConnectTimeout 1m\n  ServerAliveInterval 1m30s\n', 0o600);
    for (const on of [here, bare])
      expect(await settings(on, path)).toMatchObject({ connectTimeoutMs: 60_000, keepaliveMs: 90_000 });
  });
});
