import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** An account made for one test. */
export interface ThrowawayUser {
  readonly name: string;
  readonly home: string;
  readonly uid: number;
  /** Writes a file below the home, owned by the account. */
  write(path: string, text: string): void;
  /** Removes the account and its home. */
  remove(): void;
}

/** Can this process make accounts at all? */
export const canMakeUsers = userInfo().uid === 0;

/** Makes a system account with a home of its own (root only). Without a password, only keys let it in. */
export function makeUser({ shell = '/bin/sh', password }: { shell?: string; password?: string } = {}): ThrowawayUser {
  if (!canMakeUsers) throw new Error('only root can make accounts');
  const name = `np${randomBytes(5).toString('hex')}`;
  const home = mkdtempSync(join(tmpdir(), 'np-home-'));
  // `*` lets keys in; the `!` that useradd would write locks the account for them as well.
  const hash = password === undefined ? '*' : crypt(password);
  execFileSync('useradd', [
    '--no-create-home',
    '--no-log-init',
    '--home-dir',
    home,
    '--shell',
    shell,
    '--password',
    hash,
    name,
  ]);
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { encoding: 'latin1' })));
  if (uid === undefined || gid === undefined) throw new Error('no such account');
  chownSync(home, uid, gid);
  chmodSync(home, 0o755);
  return {
    name,
    home,
    uid,
    write: (path, text) => {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      execFileSync('chown', ['-R', `${uid}:${gid}`, home]);
    },
    remove: () => {
      execFileSync('userdel', ['--force', name], { stdio: 'ignore' });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function crypt(password: string): string {
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: Buffer.from(password),
    encoding: 'latin1',
  }).trim();
}
