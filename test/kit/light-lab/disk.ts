import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An account of the lab's machine. Its home is `<homes>/<name>`. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly shell: string;
  /** Where the machine has its homes, as it calls that place. Default `/home`. */
  readonly homes?: string;
}

/** What the machine's disk begins with. */
export interface DiskOptions {
  readonly hostname: string;
  readonly account: Account;
  /** A public key that may log in, as its line. */
  readonly publicKey: string;
  /** A password that may log in too; null allows keys only. */
  readonly password: string | null;
}

const SSHD = `Port 22
HostKey /etc/ssh/light_lab_host_key
PidFile none
UsePAM no
UseDNS no
StrictModes yes
PermitRootLogin no
X11Forwarding no
PrintMotd no
Subsystem sftp internal-sftp
MaxStartups 100
`;

function hashed(password: string): string {
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim();
}

/** The accounts of `from`, another machine's `/etc`, and one more; without a password only keys let it in. */
export function addAccount(
  etc: string,
  from: string,
  { account, password }: Pick<DiskOptions, 'account' | 'password'>,
): void {
  for (const file of ['passwd', 'group', 'shadow']) copyFileSync(join(from, file), join(etc, file));
  chmodSync(join(etc, 'shadow'), 0o640);
  const { name, uid, shell, homes = '/home' } = account;
  appendFileSync(join(etc, 'passwd'), `${name}:x:${String(uid)}:${String(uid)}::${homes}/${name}:${shell}\n`);
  appendFileSync(join(etc, 'group'), `${name}:x:${String(uid)}:\n`);
  appendFileSync(join(etc, 'shadow'), `${name}:${password === null ? '*' : hashed(password)}:20000:0:99999:7:::\n`);
}

function ssh(etc: string, home: string, options: DiskOptions): string {
  mkdirSync(join(etc, 'ssh'), { recursive: true });
  const hostKey = makeHostKey(join(etc, 'ssh/light_lab_host_key'), options.hostname);
  writeFileSync(
    join(etc, 'ssh/light_lab_config'),
    `${SSHD}PasswordAuthentication ${options.password === null ? 'no' : 'yes'}\n`,
  );
  // As with a real user manager, the first login brings up what is enabled.
  writeFileSync(
    join(etc, 'ssh/sshrc'),
    '[ -e "$HOME/.stand-in-systemd/held" ] || systemctl --user start default.target >/dev/null 2>&1 </dev/null\n',
  );
  authorize(home, options.publicKey);
  return hostKey;
}

/** Gives all below a home to its account. Links are given, not followed. */
export function giveHome(home: string, { uid }: Account): void {
  execFileSync('chown', ['-R', '-h', `${String(uid)}:${String(uid)}`, '--', home]);
}

/** Gives a machine its name, and the id by which it is told from every other. */
export function nameMachine(etc: string, hostname: string): void {
  writeFileSync(join(etc, 'machine-id'), `${randomBytes(16).toString('hex')}\n`);
  writeFileSync(join(etc, 'hostname'), `${hostname}\n`);
  writeFileSync(join(etc, 'hosts'), `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${hostname}\n`);
}

/** Makes a machine's host key in a file and returns its public half, as one line. */
export function makeHostKey(file: string, hostname: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', hostname, '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').trim();
}

/** Lets a key in, by its public line. */
export function authorize(home: string, publicKey: string): void {
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  writeFileSync(join(home, '.ssh/authorized_keys'), `${publicKey}\n`, { mode: 0o600 });
}

/** Lays out a machine's disk in a lab's folder: what differs from this machine, and its homes. Returns the public host key. */
export function layOutDisk(folder: string, options: DiskOptions): string {
  const homes = join('upper', options.account.homes ?? '/home');
  for (const name of ['upper/etc', 'work', 'root', 'home', 'hub', homes])
    mkdirSync(join(folder, name), { recursive: true });
  chmodSync(join(folder, 'hub'), 0o777);
  const etc = join(folder, 'upper/etc');
  const home = join(folder, 'home', options.account.name);
  mkdirSync(home, { mode: 0o700 });
  addAccount(etc, '/etc', options);
  nameMachine(etc, options.hostname);
  const hostKey = ssh(etc, home, options);
  chownSync(home, options.account.uid, options.account.uid);
  giveHome(home, options.account);
  return hostKey;
}

/** Names the next boot; processes of different boots cannot be taken for each other. */
export function newBoot(folder: string): void {
  writeFileSync(join(folder, 'boot_id'), `${randomUUID()}\n`);
}

/** A file system in memory of its own for a lab, named in /proc/mounts: an overlay's upper layer may not lie on the one below it. */
export function mountMemory(folder: string, name: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=711,size=4g', name, folder]);
}

export function unmountMemory(folder: string): void {
  spawnSync('umount', ['--lazy', folder], { stdio: 'ignore' });
}
