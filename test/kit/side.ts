import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, type Dirent, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { killOne, liveProcesses, processesFrom } from './processes.ts';
import { installProduct } from './stand-in/install.ts';
import type { Installed } from './stand-in/install.ts';
import { installSystemctl, setManager } from './stand-in/install-systemctl.ts';
import type { ManagerSettings } from './stand-in/install-systemctl.ts';
import type { Traps } from './stand-in/traps.ts';
import { waitFor } from './wait.ts';

const call = promisify(execFile);

export interface SideOptions {
  /** Directory in which everything of this side lies; made. */
  readonly path: string;
  readonly user: string;
  /** Where its home lies below `path`. Default `home/<user>`. */
  readonly home?: string | undefined;
  readonly hub: string;
  readonly product: string;
  readonly version: string;
  readonly traps: Traps;
  readonly manager: Partial<ManagerSettings>;
  /** False leaves a machine on which the product is nowhere to be found. */
  readonly isInstalled: boolean;
  /** `default`, or what every call of the CLI names by `--profile`. */
  readonly profile: string;
}

/** One machine that shares this one's kernel and network: a home of its own, an environment of its own. */
export interface Side {
  readonly path: string;
  readonly user: string;
  readonly home: string;
  /** The whole environment of a login there, for a LocalHost. The product is not on its PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly product: Installed;
  readonly profile: string;
  /** Notes each write that this side's gateways acknowledged. */
  readonly ackFile: string;
  /** Lists each long-running process of this side's product. */
  readonly pidsFile: string;
}

/** Makes a machine: a home, the product in `~/.npm-global`, a service manager of its own, an empty runtime directory. */
export async function makeSide(options: SideOptions): Promise<Side> {
  const { path, user } = options;
  const home = join(path, options.home ?? join('home', user));
  const runtime = join(path, 'run');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(runtime, { mode: 0o700 });
  const ackFile = join(path, 'ack');
  const pidsFile = join(path, 'pids');
  const product = await installProduct({
    prefix: options.isInstalled ? join(home, '.npm-global') : join(path, 'elsewhere'),
    product: options.product,
    version: options.version,
    settings: { hub: options.hub, ack: ackFile, pids: pidsFile },
    traps: options.traps,
  });
  const binDir = join(path, 'bin');
  // Twice: on the PATH of a login, and beside the product, whose PATH begins with its own directory and then knows only the system's.
  for (const folder of [binDir, product.binDir]) {
    await installSystemctl({ binDir: folder, libDir: join(path, 'lib'), node: product.node });
  }
  setManager(home, { timeScale: 0.1, ...options.manager });
  const env = {
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    PATH: `${binDir}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    XDG_RUNTIME_DIR: runtime,
  };
  // A user manager is up before anybody asks it something; the first question would leave its books in the home.
  await call(join(binDir, 'systemctl'), ['--user', 'is-system-running'], { env }).catch(() => undefined);
  return { path, user, home, env, product, profile: options.profile, ackFile, pidsFile };
}

function withProduct(side: Side): Record<string, string> {
  return { ...side.env, PATH: `${side.product.binDir}:${side.env['PATH'] ?? ''}` };
}

function profileFlags(side: Side): string[] {
  return side.profile === 'default' ? [] : ['--profile', side.profile];
}

/** Runs the product's CLI on a side, with its own bin directory first on PATH. */
export function runCli(side: Side, argv: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const options = { env: withProduct(side), cwd: side.home, encoding: 'utf8' as const };
  const { status, stdout, stderr } = spawnSync(side.product.bin, [...profileFlags(side), ...argv], options);
  return { code: status, stdout, stderr };
}

/** Starts a gateway as one does in a terminal and waits until it listens. Returns the pid of its parent process. */
export async function startInTerminal(side: Side, extraEnv: Readonly<Record<string, string>> = {}): Promise<number> {
  const logFile = join(side.path, 'terminal.log');
  const log = openSync(logFile, 'w');
  const child = spawn(side.product.bin, [...profileFlags(side), 'gateway'], {
    cwd: side.home,
    env: { ...withProduct(side), ...extraEnv },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  await waitFor('the gateway listens', () => {
    const said = readFileSync(logFile, 'utf8');
    if (child.exitCode !== null) throw new Error(`the gateway of ${side.user} ended at once: ${said}`);
    return said.includes('listening on');
  });
  if (child.pid === undefined) throw new Error('a process that listens has a pid');
  return child.pid;
}

/** Pids of the live gateways of a side, by what they told when they started: no port, lock or service is asked. */
export function runningOn(side: Side): number[] {
  return liveProcesses(side.pidsFile).flatMap((told) => (told.role === 'gateway' ? [told.pid] : []));
}

/** Every process that keeps another one running on a side: service managers, and what stands in for launchd, pm2 and containers. */
function supervisors(side: Pick<Side, 'home'>): { pid: number; startTime: number }[] {
  const folders = entriesOf(side.home).filter(({ name }) => name.startsWith('.stand-in-') || name === '.pm2');
  return folders
    .flatMap(({ name }) => filesIn(join(side.home, name)))
    .filter((file) => /^(supervisor|keeper)\.json$/.test(basename(file)))
    .flatMap((file) => {
      try {
        return [JSON.parse(readFileSync(file, 'utf8')) as { pid: number; startTime: number }];
      } catch {
        return [];
      }
    });
}

function filesIn(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

/** A test may have taken the home away, and those who keep something there live on while they are listed: what is gone is none. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes the locks that a side's gateways keep in /tmp: of one that was killed the lock stays. */
export function removeLocks(side: Side): void {
  const name = basename(side.product.bin);
  const suffix = side.profile === 'default' ? '' : `-${side.profile}`;
  const config = join(side.home, `.${name}${suffix}`, `${name}.json`);
  const key = createHash('sha256').update(config).digest('hex').slice(0, 8);
  rmSync(`/tmp/${name}-${String(process.getuid?.() ?? 0)}/gateway.${key}.lock`, { force: true });
}

/** Ends every process of a side at once, as a power cut does; its files stay as they are. Repeatable. */
export async function endProcesses(side: Pick<Side, 'home' | 'pidsFile'>): Promise<void> {
  // The supervisor first, or it would start again what is ended after it.
  for (const one of supervisors(side)) killOne(one);
  await waitFor('every process of the side is over', () => {
    // What a supervisor was just starting has told nothing of itself yet.
    const live = [...liveProcesses(side.pidsFile), ...processesFrom(join(side.home, '.npm-global'))];
    for (const one of live) killOne(one);
    return live.length === 0;
  });
}

/** Ends every process of a side and removes all of it. Repeatable. */
export async function removeSide(side: Side): Promise<void> {
  await endProcesses(side);
  removeLocks(side);
  rmSync(side.path, { recursive: true, force: true });
}
