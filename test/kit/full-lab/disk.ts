import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addAccount, authorize, makeHostKey, nameMachine, type Account } from '../light-lab/disk.ts';
import { REPOSITORY } from '../repository.ts';
import type { KeyPair } from '../ssh-keys.ts';

/** What the disk of a machine begins with. */
export interface FullDiskOptions {
  readonly hostname: string;
  readonly account: Account;
  /** Lets in, and is what the account itself has for other machines. */
  readonly key: KeyPair;
  /** Do services of the account start at boot? */
  readonly linger: boolean;
  /** Without PAM a login has no session: no XDG_RUNTIME_DIR, and no user manager is started for it. */
  readonly pam: boolean;
}

const ROOT_SCRIPT = join(REPOSITORY, 'test/kit/full-lab/root.sh');

/** Where the root file system lies that `scripts/setup` makes. */
export function rootFileSystem(): string {
  return execFileSync(ROOT_SCRIPT, ['path'], { encoding: 'utf8' }).trim();
}

/** Has `scripts/setup` made it? */
export function hasRootFileSystem(): boolean {
  return existsSync(rootFileSystem());
}

/** Lays out a machine's disk in its folder: what differs from the root file system below, and homes. Returns the public host key. */
export function layOutFullDisk(folder: string, below: string, options: FullDiskOptions): string {
  const { hostname, account, key, linger, pam } = options;
  const upper = join(folder, 'upper');
  const etc = join(upper, 'etc');
  const home = join(folder, 'home', account.name);
  for (const made of ['work', 'root', 'upper/etc/ssh/sshd_config.d', 'upper/etc/systemd/logind.conf.d', 'home']) {
    mkdirSync(join(folder, made), { recursive: true });
  }
  mkdirSync(home, { mode: 0o700 });
  addAccount(etc, join(below, 'etc'), { account, password: null });
  nameMachine(etc, hostname);
  const hostKey = makeHostKey(join(etc, 'ssh/ssh_host_ed25519_key'), hostname);
  const sshd = ['PasswordAuthentication no', 'UseDNS no', 'MaxStartups 100', `UsePAM ${pam ? 'yes' : 'no'}`, ''];
  writeFileSync(join(etc, 'ssh/sshd_config.d/lab.conf'), sshd.join('\n'));
  // As everywhere, but for the ten seconds in which nothing would happen.
  writeFileSync(join(etc, 'systemd/logind.conf.d/lab.conf'), '[Login]\nUserStopDelaySec=1s\n');
  if (linger) {
    mkdirSync(join(upper, 'var/lib/systemd/linger'), { recursive: true });
    writeFileSync(join(upper, 'var/lib/systemd/linger', account.name), '');
  }
  authorize(home, key.publicLine);
  copyFileSync(key.path, join(home, '.ssh/id_ed25519'));
  chmodSync(join(home, '.ssh/id_ed25519'), 0o600);
  chownSync(home, account.uid, account.uid);
  return hostKey;
}

/** Lets an account of a machine become root without a password. */
export function allowSudo(upper: string, { name }: Account): void {
  const folder = join(upper, 'etc/sudoers.d');
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  writeFileSync(join(folder, name), `${name} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
}

/** Puts neo-pull into a machine: what `boot.sh` has to bind, and the command. */
export function installNeoPull(upper: string, node: string): string[] {
  const bin = join(upper, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'neo-pull'), '#!/bin/sh\nexec /opt/node /opt/neo-pull/dist/main.js "$@"\n', { mode: 0o755 });
  const bound = ['dist', 'node_modules', 'package.json'].map((name) => [
    join(REPOSITORY, name),
    `/opt/neo-pull/${name}`,
  ]);
  return [[node, '/opt/node'], ...bound].map(([from = '', to = '']) => `--bind-ro=${from}:${to}`);
}
