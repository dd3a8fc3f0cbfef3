import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './ports.ts';
import { type KeyPair, type KeyType, makeKey } from './ssh-keys.ts';

const SSHD = '/usr/sbin/sshd';

/** What a test may want of its SSH server. */
export interface SshdOptions {
  /** One ed25519 key without it. */
  readonly hostKeys?: readonly KeyType[];
  /** Key pairs to serve instead of fresh ones: the same machine again, or somebody else's key. */
  readonly serve?: readonly KeyPair[];
  /** Let passwords in (root only: it reads /etc/shadow). */
  readonly passwords?: boolean;
  /** Ask by keyboard-interactive, and by these lines of a PAM service made for this server (root only). */
  readonly pam?: readonly string[];
  /** Set in every session, over whatever the account has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sessions have the HOME of their account, start-up files and all. Without it (or `HOME` in `env`) an empty one: `home`. */
  readonly ownHomes?: boolean;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
  /** A free one without it. */
  readonly port?: number;
}

/** A real OpenSSH server on a loopback port of its own, with its own keys, config and authorized keys. */
export interface Sshd {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The account that runs the test; as root, every other account can log in as well. */
  readonly user: string;
  readonly folder: string;
  /** The HOME of every session, unless they have their own; they start in the account's directory all the same. */
  readonly home: string;
  readonly hostKeys: readonly KeyPair[];
  /** A key that is let in for every account. */
  readonly identity: KeyPair;
  /** A known_hosts file that knows this server. */
  readonly knownHosts: string;
  /** Lets in one more key: a line of authorized_keys. */
  authorize(line: string): void;
  /** What the server has logged so far. */
  log(): string;
  /** Ends every connection at once, as a power cut of the server's side would; the server goes on listening. */
  drop(): void;
  /** Process ids of the running connections, two for each that is not root's. */
  connections(): readonly number[];
  /** Stops listening and ends every connection; keeps the folder. Repeatable. */
  halt(): Promise<void>;
  /** As `halt`, and removes the folder. */
  stop(): Promise<void>;
}

/** Starts a server and resolves when it listens, some hundredths of a second later. Always `stop` it. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  if (!existsSync(SSHD)) throw new Error(`${SSHD} is missing: apt-get install openssh-server`);
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(tmpdir(), 'np-sshd-'));
  // Other accounts read their authorized keys from here.
  chmodSync(folder, 0o711);
  const hostKeys =
    options.serve ?? (options.hostKeys ?? ['ed25519']).map((type) => makeKey(folder, `host_${type}`, { type }));
  const identity = makeKey(folder, 'identity');
  const home = options.env?.['HOME'] ?? join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const authorized = join(folder, 'authorized_keys');
  writeFileSync(authorized, `${identity.publicLine}\n`, { mode: 0o644 });
  const port = options.port ?? (await freePort());
  const config = join(folder, 'sshd_config');
  writeFileSync(config, configText({ options, home, port, hostKeys, authorized }));
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, hostKeys.map(({ publicLine }) => `[127.0.0.1]:${port} ${publicLine}\n`).join(''));
  const pam = options.pam ? makePamService(folder, options.pam) : null;
  const { server, log } = await listen(config, pam?.program ?? SSHD);
  const connections = (): readonly number[] => sessionsOf(server.pid);
  const drop = (): void => connections().forEach(kill);
  const halt = async (): Promise<void> => {
    drop();
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  return {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    folder,
    home,
    hostKeys,
    identity,
    knownHosts,
    authorize: (line) => appendFileSync(authorized, `${line}\n`),
    log: () => log.join('\n'),
    drop,
    connections,
    halt,
    stop: async () => {
      await halt();
      pam?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configText(with_: {
  options: SshdOptions;
  home: string;
  port: number;
  hostKeys: readonly KeyPair[];
  authorized: string;
}): string {
  const { options, home, port, hostKeys, authorized } = with_;
  const env = Object.entries({ ...(options.ownHomes === true ? {} : { HOME: home }), ...options.env }).map(
    ([name, value]) => `"${name}=${value}"`,
  );
  return [
    ...(options.config ?? []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...hostKeys.map(({ path }) => `HostKey ${path}`),
    `AuthorizedKeysFile ${authorized}`,
    `PasswordAuthentication ${options.passwords === true ? 'yes' : 'no'}`,
    `KbdInteractiveAuthentication ${options.pam ? 'yes' : 'no'}`,
    'PermitRootLogin yes',
    'StrictModes no',
    `UsePAM ${options.pam ? 'yes' : 'no'}`,
    'PidFile none',
    'PrintMotd no',
    'MaxSessions 100',
    'MaxStartups 100',
    'LogLevel VERBOSE',
    ...(env.length > 0 ? [`SetEnv ${env.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** sshd takes the PAM service that is called as the program was. `sshd` stays in front, by which connections are found. */
function makePamService(folder: string, lines: readonly string[]): { program: string; remove: () => void } {
  const name = `sshd-${basename(folder).toLowerCase()}`;
  const program = join(folder, name);
  const service = join('/etc/pam.d', name);
  symlinkSync(SSHD, program);
  writeFileSync(service, [...lines, 'account required pam_unix.so', 'session required pam_permit.so', ''].join('\n'));
  return { program, remove: () => rmSync(service, { force: true }) };
}

async function listen(config: string, program: string): Promise<{ server: ChildProcess; log: string[] }> {
  const server = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  const lines = createInterface({ input: server.stderr });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      if (line.startsWith('Server listening on ')) resolve();
    });
    server.once('close', (code) => reject(new Error(`sshd ended with ${code}: ${log.join(' | ')}`)));
  });
  return { server, log };
}

/** The sshd processes below this one: for an account other than root there are two to a connection. What they started is not meant. */
function sessionsOf(pid: number | undefined): readonly number[] {
  const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,comm='], { encoding: 'latin1' })
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const below = (parent: number): number[] =>
    rows
      .filter(([, ppid, command]) => Number(ppid) === parent && command?.startsWith('sshd'))
      .flatMap(([child]) => [Number(child), ...below(Number(child))]);
  return pid === undefined ? [] : below(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
