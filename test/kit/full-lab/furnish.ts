import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { giveHome } from '../light-lab/disk.ts';
import type { KeyPair } from '../ssh-keys.ts';
import { installProduct, NODE_22, type Installed } from '../stand-in/install.ts';
import { populate, type State } from '../state.ts';
import { knownHostsOf } from './desk.ts';
import { allowSudo, installNeoPull, layOutFullDisk } from './disk.ts';
import type { FullLabOptions } from './full-lab.ts';
import type { SideName } from './network.ts';
import { writeEnabledUnit, writeSystemUnit } from './service-unit.ts';

export const USERS = { old: 'olga', new: 'nick' } as const;

/** Where the product lies: by a version manager on the old machine, by npm on the new one. */
export const PREFIX = { old: '/home/olga/.nvm/versions/node/v22.23.3', new: '/home/nick/.npm-global' } as const;

/** What is on both machines before they boot. */
export interface Furnished {
  readonly state: State;
  readonly hostKeys: Readonly<Record<SideName, string>>;
  /** Options of systemd-nspawn. */
  readonly binds: Readonly<Record<SideName, string[]>>;
}

const ACCOUNTS = {
  old: { name: USERS.old, uid: 4201, shell: '/bin/bash' },
  new: { name: USERS.new, uid: 4202, shell: '/bin/bash' },
};
const PORT = 18_789;
const HUB = '/srv/hub';

/** Fills the disks of both machines: accounts, keys, the product, the state of the old gateway, neo-pull. */
export async function furnish(
  { disk, below, key }: { disk: string; below: string; key: KeyPair },
  options: FullLabOptions,
): Promise<Furnished> {
  mkdirSync(join(disk, 'hub'));
  chmodSync(join(disk, 'hub'), 0o777);
  const layOut = (side: SideName) =>
    layOutFullDisk(join(disk, side), below, {
      hostname: `${side}-machine`,
      account: ACCOUNTS[side],
      key,
      linger: options.linger?.[side] ?? true,
      pam: side === 'new' || (options.oldPam ?? true),
    });
  const hostKeys = { old: layOut('old'), new: layOut('new') };
  const product = await install(disk, 'old', options);
  await install(disk, 'new', options);
  const home = `/home/${USERS.old}`;
  const state = await populate({ port: PORT, ...options, home, at: join(disk, 'old', home) });
  writeFileSync(join(disk, 'new/home', USERS.new, '.ssh/known_hosts'), knownHostsOf(hostKeys), { mode: 0o600 });
  const program = [product.node, product.entry].map((path) => path.slice(join(disk, 'old').length));
  const argv = [...program, 'gateway', '--port', String(PORT)];
  if (options.runsAs === 'system-unit') {
    writeSystemUnit(join(disk, 'old/upper'), ACCOUNTS.old, argv);
  }
  if (options.sudo) allowSudo(join(disk, 'old/upper'), ACCOUNTS.old);
  if (options.runsAs === 'enabled-only') writeEnabledUnit(join(disk, 'old', home), argv);
  for (const side of ['old', 'new'] as const) giveHome(join(disk, side, 'home', USERS[side]), ACCOUNTS[side]);
  const hub = `--bind=${join(disk, 'hub')}:${HUB}`;
  return { state, hostKeys, binds: { old: [hub], new: [hub, ...installNeoPull(join(disk, 'new/upper'), NODE_22)] } };
}

function install(disk: string, side: SideName, options: FullLabOptions): Promise<Installed> {
  return installProduct({
    prefix: join(disk, side, PREFIX[side]),
    product: options.product ?? 'smart-agent-neo',
    settings: { hub: HUB, ack: `${HUB}/${side}.ack` },
  });
}
