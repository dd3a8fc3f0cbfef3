import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hubAt } from '../hub.ts';
import type { Hub } from '../hub.ts';
import { installSystemctl, setManager } from '../stand-in/install-systemctl.ts';
import type { ManagerSettings } from '../stand-in/install-systemctl.ts';
import { installProduct, setTraps } from '../stand-in/install.ts';
import type { Traps } from '../stand-in/traps.ts';
import { endProcesses, makeSide, removeSide } from '../side.ts';
import type { Side } from '../side.ts';
import { populate } from '../state.ts';
import type { State, StateOptions } from '../state.ts';
import { freePort } from '../ports.ts';
import { waitFor } from '../wait.ts';
import { giveHome, layOutDisk, mountMemory, newBoot, unmountMemory } from './disk.ts';
import { abandoned, endAllIn, keepStanding, own } from './leftovers.ts';
import { bootMachine, cutPower, runInside, titled } from './machine.ts';
import type { Machine, Ran } from './machine.ts';
import { deleteNamespace, layWire } from './network.ts';
import type { Wire } from './network.ts';

export interface LightLabOptions extends Partial<Omit<StateOptions, 'home' | 'at'>> {
  /** How the gateway runs when the lab is handed over. Default service. */
  readonly runsAs?: 'service' | 'foreground' | 'stopped';
  readonly versions?: { readonly old?: string; readonly new?: string };
  readonly traps?: Traps;
  readonly manager?: Partial<ManagerSettings>;
  /** Login shell of the account. Default `/bin/bash`. */
  readonly shell?: string;
  readonly password?: string;
  /** Where the old machine has its homes: `/Users` as a Mac. Default `/home`. */
  readonly homes?: string;
  /** Done to the state before the machine boots; the home lies at `homeOnDisk`. */
  readonly furnish?: (state: State, homeOnDisk: string) => void;
}

/** An old machine with its own address, processes, disk and users, behind a real sshd. */
export interface LightLab {
  readonly address: string;
  readonly port: 22;
  readonly user: string;
  /** File with the private key that may log in. */
  readonly identity: string;
  /** File with the machine's host key, for `known_hosts`. */
  readonly knownHosts: string;
  /** The new machine: this one, with a home of its own. */
  readonly new: Side;
  readonly state: State;
  readonly gatewayPort: number;
  readonly hub: Hub;
  /** A directory of this machine that the old machine sees under the same path: hub and ack files. */
  readonly shared: string;
  readonly ackFile: string;
  /** Where the account's home lies on this machine's disk. */
  readonly homeOnDisk: string;
  /** Runs a command inside, not over the network. */
  readonly exec: (argv: readonly string[], as?: 'user' | 'root') => Ran;
  /** Runs the product's CLI inside. */
  readonly cli: (...argv: string[]) => Ran;
  readonly setTraps: (traps: Traps) => void;
  /** Pids, as this machine numbers them, of gateways that are alive inside. */
  readonly running: () => number[];
  readonly startForeground: () => Promise<void>;
  /** Everything inside is dead at once; the disk stays. */
  readonly powerCut: () => Promise<void>;
  /** On again after a power cut: an empty `/tmp`, a new boot id; services come up with linger or at the first login. */
  readonly powerOn: () => Promise<void>;
  /** The user manager ends, as some seconds after the last logout without linger: its services with it, until the next login. */
  readonly logout: () => void;
  /** The line swallows all that is sent; nothing is refused. */
  readonly linkDown: () => void;
  readonly linkUp: () => void;
  /** Lets the lab outlive this process, until `sweep({ kept: true })`. */
  readonly keep: () => void;
  /** Power off, and everything of the lab removed. Repeatable. */
  readonly destroy: () => Promise<void>;
}

/** Every lab's folder begins with this. */
const FOLDER_PREFIX = 'np-light-';
const ACCOUNT = { name: 'olga', uid: 4201 };
const INSTALLED = '.nvm/versions/node/v22.23.3';
const ENV = {
  USER: 'olga',
  LOGNAME: 'olga',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  PATH: '/usr/local/bin:/usr/bin:/bin',
};

/** Everything of one lab that does not change while it stands. */
interface Ground {
  readonly folder: string;
  readonly disk: string;
  readonly wire: Wire;
  readonly hostname: string;
  readonly options: LightLabOptions;
  /** The account's home as its machine names it, and where it lies on this disk. */
  readonly home: string;
  readonly homeOnDisk: string;
}

async function furnish(ground: Ground, port: number): Promise<State> {
  const { folder, disk, wire, hostname, options, home, homeOnDisk } = ground;
  const account = { ...ACCOUNT, shell: options.shell ?? '/bin/bash', homes: homesOf(options) };
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'light-lab', '-f', join(folder, 'id')]);
  const publicKey = readFileSync(join(folder, 'id.pub'), 'utf8').trim();
  const hostKey = layOutDisk(disk, { hostname, account, publicKey, password: options.password ?? null });
  writeFileSync(join(folder, 'known_hosts'), `${wire.address} ${hostKey.split(' ').slice(0, 2).join(' ')}\n`, {
    mode: 0o600,
  });
  const shared = join(disk, 'hub');
  const product = await installProduct({
    prefix: join(homeOnDisk, INSTALLED),
    product: options.product ?? 'smart-agent-neo',
    version: options.versions?.old ?? '2026.2.26',
    settings: { hub: shared, ack: join(shared, 'old.ack') },
    traps: options.traps ?? {},
  });
  const programs = {
    binDir: '/usr/local/bin',
    libDir: '/usr/local/lib/stand-in',
    node: home + product.node.slice(homeOnDisk.length),
  };
  await installSystemctl({ ...programs, at: join(disk, 'upper') });
  setManager(homeOnDisk, { timeScale: 0.1, ...options.manager });
  const state = await populate({ ...options, home, at: homeOnDisk, port });
  options.furnish?.(state, homeOnDisk);
  giveHome(homeOnDisk, account);
  return state;
}

function newSide({ folder, disk, options }: Ground): Promise<Side> {
  return makeSide({
    path: join(folder, 'new'),
    user: 'nick',
    hub: join(disk, 'hub'),
    product: options.product ?? 'smart-agent-neo',
    version: options.versions?.new ?? '2026.2.26',
    traps: {},
    // Somebody who keeps a gateway on a machine has told it to start at boot.
    manager: { linger: true },
    isInstalled: true,
    profile: options.profile ?? 'default',
  });
}

function homesOf({ homes = '/home' }: LightLabOptions): string {
  return homes;
}

async function boot({ disk, wire, hostname, options, homeOnDisk }: Ground): Promise<Machine> {
  newBoot(disk);
  for (const name of ['bus', 'held']) rmSync(join(homeOnDisk, '.stand-in-systemd', name), { force: true });
  const { namespace, address } = wire;
  return bootMachine({ folder: disk, hostname, namespace, address, homes: homesOf(options) });
}

/** What of a lab stands by now. */
interface Built {
  fresh: Side | null;
  machine: Machine | null;
}

async function remove(ground: Ground, { fresh, machine }: Built): Promise<void> {
  if (fresh) await removeSide(fresh);
  if (machine) await cutPower(machine);
  ground.wire.remove();
  unmountMemory(ground.disk);
  rmSync(ground.folder, { recursive: true, force: true });
}

/** Takes away the labs whose owners are dead; those that were left standing only when told so. */
export async function sweep(which: { kept?: boolean } = {}): Promise<void> {
  for (const { folder, namespaces } of abandoned(FOLDER_PREFIX, which)) {
    for (const namespace of namespaces) endAllIn(namespace);
    // The new machine of a lab is a home on this one.
    await endProcesses({ home: join(folder, 'new/home/nick'), pidsFile: join(folder, 'new/pids') });
    for (const namespace of namespaces) deleteNamespace(namespace);
    unmountMemory(join(folder, 'disk'));
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes an old machine behind a real sshd, with a populated state and its gateway running, and the new machine: this one, with a
 * home of its own. Root only. About a second.
 */
export async function makeLightLab(options: LightLabOptions = {}): Promise<LightLab> {
  await sweep();
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  const wire = layWire();
  own(folder, [wire.namespace]);
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  mountMemory(disk, wire.namespace);
  const ground: Ground = {
    folder,
    disk,
    wire,
    hostname: `old-${wire.namespace.split('-').at(-1) ?? ''}`,
    options,
    home: join(homesOf(options), ACCOUNT.name),
    homeOnDisk: join(disk, 'home', ACCOUNT.name),
  };
  const built: Built = { fresh: null, machine: null };
  try {
    const state = await furnish(ground, options.port ?? (await freePort()));
    built.fresh = await newSide(ground);
    built.machine = await boot(ground);
    const lab = labOn({ ground, state, fresh: built.fresh, built });
    await start(lab, options.runsAs ?? 'service');
    return lab;
  } catch (error) {
    await remove(ground, built);
    throw error;
  }
}

async function start(lab: LightLab, runsAs: 'service' | 'foreground' | 'stopped'): Promise<void> {
  if (runsAs === 'foreground') await lab.startForeground();
  if (runsAs !== 'service') return;
  const { code, stdout, stderr } = lab.cli('gateway', 'install', '--json');
  if (code !== 0) throw new Error(`gateway install failed: ${stdout}${stderr}`);
  await listening(lab);
}

async function listening(lab: LightLab): Promise<void> {
  await waitFor('the gateway writes', () => lab.running().length > 0 && existsSync(lab.ackFile));
}

function labOn(made: { ground: Ground; state: State; fresh: Side; built: Built }): LightLab {
  const { ground, state, fresh, built } = made;
  const { folder, disk, wire, options, home, homeOnDisk } = ground;
  const profile = state.profile === 'default' ? [] : ['--profile', state.profile];
  const product = options.product ?? 'smart-agent-neo';
  const machine = () => {
    if (!built.machine) throw new Error('the machine is off');
    return built.machine;
  };
  const inside = (argv: readonly string[], uid: number) => {
    const env = uid === 0 ? { ...ENV, HOME: '/root', USER: 'root', LOGNAME: 'root' } : { ...ENV, HOME: home };
    return runInside(machine(), argv, { uid, env, cwd: uid === 0 ? '/' : home });
  };
  const withProduct = ['env', `PATH=${join(home, INSTALLED)}/bin:${ENV.PATH}`];
  const lab: LightLab = {
    address: wire.address,
    port: 22,
    user: ACCOUNT.name,
    identity: join(folder, 'id'),
    knownHosts: join(folder, 'known_hosts'),
    new: fresh,
    state,
    gatewayPort: state.port,
    hub: hubAt(join(disk, 'hub')),
    shared: join(disk, 'hub'),
    ackFile: join(disk, 'hub/old.ack'),
    homeOnDisk,
    exec: (argv, as = 'user') => inside(argv, as === 'root' ? 0 : ACCOUNT.uid),
    cli: (...argv) => inside([...withProduct, product, ...profile, ...argv], ACCOUNT.uid),
    setTraps: (traps) => {
      setTraps(join(homeOnDisk, INSTALLED), traps);
    },
    running: () => titled(machine(), `${product}-gateway`),
    async startForeground() {
      const command = `exec setsid ${product} ${profile.join(' ')} gateway >"$HOME/terminal.log" 2>&1 </dev/null &`;
      inside([...withProduct, 'sh', '-c', command], ACCOUNT.uid);
      await listening(lab);
    },
    powerCut: () => cutPower(machine()),
    async powerOn() {
      built.machine = await boot(ground);
      if (inside(['loginctl', 'show-user', '-p', 'Linger'], ACCOUNT.uid).stdout.trim() !== 'Linger=yes') return;
      inside(['systemctl', '--user', 'start', 'default.target'], ACCOUNT.uid);
    },
    logout: () => {
      inside(['systemctl', '--user', 'exit'], ACCOUNT.uid);
    },
    linkDown: () => {
      wire.down();
    },
    linkUp: () => {
      wire.up();
    },
    keep: () => {
      keepStanding(folder);
    },
    destroy: () => remove(ground, built),
  };
  return lab;
}
