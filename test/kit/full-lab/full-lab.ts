import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quoteWord } from '../../../src/host/quote.ts';
import { hubAt, type Hub } from '../hub.ts';
import { mountMemory, unmountMemory } from '../light-lab/disk.ts';
import { abandoned, endAllIn, own } from '../light-lab/leftovers.ts';
import { deleteNamespace } from '../light-lab/network.ts';
import { titled, type Ran } from '../light-lab/machine.ts';
import { eventsIn, type Ended } from '../neo-pull.ts';
import { makeKey } from '../ssh-keys.ts';
import { setTraps } from '../stand-in/install.ts';
import type { Traps } from '../stand-in/traps.ts';
import type { State, StateOptions } from '../state.ts';
import { waitFor } from '../wait.ts';
import { removeControlGroups } from './cgroups.ts';
import { deskOf, type Desk } from './desk.ts';
import { rootFileSystem } from './disk.ts';
import { furnish, PREFIX, USERS, type Furnished } from './furnish.ts';
import { asRoot, bootFullMachine, cutFullPower, shutDownToReboot, type FullMachine } from './machine.ts';
import { ADDRESSES, layNetwork, type Network, type SideName } from './network.ts';

export interface FullLabOptions extends Partial<Omit<StateOptions, 'home' | 'at'>> {
  /**
   * How the old gateway runs: as the product's own `gateway install` sets it up, as a unit of the whole machine, not though its
   * unit is enabled, or not at all. Default user-unit.
   */
  readonly runsAs?: 'user-unit' | 'system-unit' | 'enabled-only' | 'stopped';
  /** Whose services start at boot and outlive the last login. Default both. */
  readonly linger?: Partial<Record<SideName, boolean>>;
  /** May the account of the old machine become root by `sudo`, without a password? Default no. */
  readonly sudo?: boolean;
  /** False: the old machine's sshd does without PAM, so that a login there has no session and no bus. */
  readonly oldPam?: boolean;
}

/** Two machines with real systemd, real sshd and a network of their own. neo-pull is installed on the new one. */
export interface FullLab {
  readonly state: State;
  readonly hub: Hub;
  /** Notes each write that the old gateway acknowledged. */
  readonly ackFile: string;
  /** Where the homes lie on this machine's disk. */
  readonly homes: Readonly<Record<SideName, string>>;
  /** Logs in from a third place by the real ssh, runs a command line and logs out. */
  readonly ssh: Desk['ssh'];
  /** Runs a command as root, without a login. */
  readonly exec: (side: SideName, argv: readonly string[]) => Ran;
  /** Logs in on the new machine and runs neo-pull there. */
  readonly neoPull: (...argv: string[]) => Promise<Ended>;
  /** How the new machine names the old one. */
  readonly target: string;
  readonly setTraps: (side: SideName, traps: Traps) => void;
  /** Pids, as this machine numbers them, of gateways that are alive on a side. */
  readonly running: (side: SideName) => number[];
  readonly cut: () => void;
  readonly heal: () => void;
  /** Everything on that side is dead at once; the disk stays. */
  readonly powerCut: (side: SideName) => Promise<void>;
  /** On again after a power cut. */
  readonly boot: (side: SideName) => Promise<void>;
  /** Shut down in order, and booted again. */
  readonly reboot: (side: SideName) => Promise<void>;
  /** Power off, and everything of the lab removed. Repeatable. */
  readonly destroy: () => Promise<void>;
}

/** Every lab's folder begins with this. */
const FOLDER_PREFIX = 'np-full-';

interface Ground {
  readonly folder: string;
  readonly disk: string;
  readonly network: Network;
  readonly below: string;
  readonly on: Map<SideName, FullMachine>;
}

/**
 * Makes two machines that boot real systemd, with a populated state and a running gateway on the old one, and the product and neo-pull
 * on the new one. Root only, and only after `scripts/setup`. Some seconds.
 */
export async function makeFullLab(options: FullLabOptions = {}): Promise<FullLab> {
  await sweep();
  const below = rootFileSystem();
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  const network = layNetwork();
  own(folder, [...Object.values(network.namespaces), network.name]);
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  mountMemory(disk, network.name);
  const ground: Ground = { folder, disk, network, below, on: new Map() };
  try {
    const key = makeKey(folder, 'id');
    const furnished = await furnish({ disk, below, key }, options);
    const desk = deskOf({ folder, network, identity: key.path, users: USERS, hostKeys: furnished.hostKeys });
    await Promise.all([boot(ground, furnished, 'old'), boot(ground, furnished, 'new')]);
    const lab = labOn(ground, furnished, desk);
    await start(lab, options.runsAs ?? 'user-unit');
    return lab;
  } catch (error) {
    await remove(ground);
    throw error;
  }
}

async function boot({ disk, below, network, on }: Ground, { binds }: Furnished, side: SideName): Promise<void> {
  const namespace = network.namespaces[side];
  const options = { name: namespace, folder: join(disk, side), below, namespace, binds: binds[side] };
  on.set(side, await bootFullMachine(options));
}

async function start(lab: FullLab, runsAs: NonNullable<FullLabOptions['runsAs']>): Promise<void> {
  if (runsAs === 'stopped' || runsAs === 'enabled-only') return;
  if (runsAs === 'user-unit') {
    const install = `XDG_RUNTIME_DIR=/run/user/$(id -u) PATH=${PREFIX.old}/bin:$PATH smart-agent-neo gateway install --json`;
    const { code, stdout, stderr } = await lab.ssh('old', install);
    if (code !== 0) throw new Error(`gateway install failed: ${stdout}${stderr}`);
  }
  await waitFor('the old gateway writes', () => lab.running('old').length > 0 && existsSync(lab.ackFile));
}

function labOn(ground: Ground, furnished: Furnished, desk: Desk): FullLab {
  const { disk, network, on } = ground;
  const machine = (side: SideName) => {
    const found = on.get(side);
    if (!found) throw new Error(`the ${side} machine is off`);
    return found;
  };
  const off = async (side: SideName, how: (machine: FullMachine) => Promise<void>) => {
    await how(machine(side));
    on.delete(side);
  };
  const homes = { old: join(disk, 'old/home/olga'), new: join(disk, 'new/home/nick') };
  return {
    state: furnished.state,
    hub: hubAt(join(disk, 'hub')),
    ackFile: join(disk, 'hub/old.ack'),
    homes,
    ssh: desk.ssh,
    exec: (side, argv) => asRoot(machine(side), argv),
    async neoPull(...argv) {
      const ran = await desk.ssh('new', ['neo-pull', ...argv].map(quoteWord).join(' '));
      return { ...ran, events: eventsIn(argv, ran.stdout) };
    },
    target: `${USERS.old}@${ADDRESSES.old}`,
    setTraps: (side, traps) => {
      setTraps(join(disk, side, PREFIX[side]), traps);
    },
    running: (side) => titled(machine(side), 'smart-agent-neo-gateway'),
    cut: network.cut,
    heal: network.heal,
    powerCut: (side) => off(side, cutFullPower),
    boot: (side) => boot(ground, furnished, side),
    async reboot(side) {
      await off(side, shutDownToReboot);
      await boot(ground, furnished, side);
    },
    destroy: () => remove(ground),
  };
}

async function remove({ folder, disk, network, on }: Ground): Promise<void> {
  for (const side of ['old', 'new'] as const) {
    const machine = on.get(side);
    if (machine) await cutFullPower(machine);
    on.delete(side);
  }
  network.remove();
  unmountMemory(disk);
  rmSync(folder, { recursive: true, force: true });
}

/** Takes away the labs whose owners are dead. Every lab that is made does so first. */
export async function sweep(): Promise<void> {
  for (const { folder, namespaces } of abandoned(FOLDER_PREFIX)) {
    for (const namespace of namespaces) endAllIn(namespace);
    for (const namespace of namespaces) await removeControlGroups(namespace);
    for (const namespace of namespaces) deleteNamespace(namespace);
    unmountMemory(join(folder, 'disk'));
    rmSync(folder, { recursive: true, force: true });
  }
}
