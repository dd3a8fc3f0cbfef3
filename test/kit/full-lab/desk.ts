import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ran } from '../light-lab/machine.ts';
import { ADDRESSES, type Network, type SideName } from './network.ts';

/** Somebody who is on neither machine, with a key to both. */
export interface Desk {
  /** Logs in by the real ssh, runs a command line there and logs out. */
  readonly ssh: (side: SideName, command: string) => Promise<Ran>;
}

export interface DeskOptions {
  readonly folder: string;
  readonly network: Network;
  readonly identity: string;
  readonly users: Readonly<Record<SideName, string>>;
  readonly hostKeys: Readonly<Record<SideName, string>>;
}

/** The lines by which both machines are known. */
export function knownHostsOf(hostKeys: DeskOptions['hostKeys']): string {
  const line = (side: SideName) => `${ADDRESSES[side]} ${hostKeys[side].split(' ').slice(0, 2).join(' ')}\n`;
  return line('old') + line('new');
}

/** Seats somebody at the desk. */
export function deskOf({ folder, network, identity, users, hostKeys }: DeskOptions): Desk {
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, knownHostsOf(hostKeys), { mode: 0o600 });
  const options = ['BatchMode=yes', 'ConnectTimeout=5', `UserKnownHostsFile=${knownHosts}`].flatMap((one) => [
    '-o',
    one,
  ]);
  const ssh = [`--net=/run/netns/${network.desk}`, 'ssh', '-F', 'none', '-i', identity, ...options];
  return { ssh: (side, command) => ended([...ssh, `${users[side]}@${ADDRESSES[side]}`, command]) };
}

function ended(argv: readonly string[]): Promise<Ran> {
  const child = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, ...said });
    });
  });
}
