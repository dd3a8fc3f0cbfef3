import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hubAt } from './hub.ts';
import type { Hub } from './hub.ts';
import { freePort } from './ports.ts';
import { makeSide, removeSide, runCli, runningOn, startInTerminal } from './side.ts';
import type { Side } from './side.ts';
import { populate } from './state.ts';
import type { State, StateOptions } from './state.ts';
import { setTraps } from './stand-in/install.ts';
import type { ManagerSettings } from './stand-in/install-systemctl.ts';
import type { Traps } from './stand-in/traps.ts';
import { waitFor } from './wait.ts';

export type SideName = 'old' | 'new';

export interface TempLabOptions extends Partial<Omit<StateOptions, 'home' | 'at'>> {
  /** How the old gateway runs when the lab is handed over. Default foreground. */
  readonly runsAs?: 'service' | 'foreground' | 'stopped';
  /** Default 2026.2.26 on both sides. */
  readonly versions?: Partial<Record<SideName, string>>;
  readonly traps?: Partial<Record<SideName, Traps>>;
  /** How each side's service manager behaves; `bus: 'off'` is a machine without one. Units wait a tenth of their times. */
  readonly manager?: Partial<Record<SideName, Partial<ManagerSettings>>>;
  /** Where a home lies on its machine, `Users/olga` for one; default `home/<user>`. */
  readonly homes?: Partial<Record<SideName, string>>;
  /** Sides on which the product is not installed. */
  readonly without?: readonly SideName[];
}

export interface TempLab {
  readonly path: string;
  readonly old: Side;
  readonly new: Side;
  readonly state: State;
  readonly port: number;
  readonly hub: Hub;
  /** Pids of the live gateways of one side, by what they told when they started: no port, lock or service is asked. */
  readonly running: (side: SideName) => number[];
  /** Runs the product's CLI on a side, with its own bin directory first on PATH. */
  readonly cli: (side: SideName, ...argv: string[]) => { code: number | null; stdout: string; stderr: string };
  readonly setTraps: (side: SideName, traps: Traps) => void;
  /** Starts a gateway as one does in a terminal, and waits until it listens. Returns the pid of its parent. */
  readonly startForeground: (side: SideName, extraEnv?: Readonly<Record<string, string>>) => Promise<number>;
  /** Ends every process of both sides and removes everything. Repeatable. */
  readonly destroy: () => Promise<void>;
}

const USERS = { old: 'olga', new: 'nick' } as const;

function sideFor(path: string, name: SideName, options: TempLabOptions): Promise<Side> {
  return makeSide({
    path: join(path, name),
    user: USERS[name],
    home: options.homes?.[name],
    hub: join(path, 'hub'),
    product: options.product ?? 'smart-agent-neo',
    version: options.versions?.[name] ?? '2026.2.26',
    traps: options.traps?.[name] ?? {},
    manager: options.manager?.[name] ?? {},
    isInstalled: !options.without?.includes(name),
    profile: options.profile ?? 'default',
  });
}

async function startOld(lab: TempLab, runsAs: 'service' | 'foreground' | 'stopped'): Promise<void> {
  if (runsAs === 'stopped') return;
  if (runsAs === 'foreground') {
    await lab.startForeground('old');
    return;
  }
  const { code, stdout, stderr } = lab.cli('old', 'gateway', 'install', '--json');
  if (code !== 0) throw new Error(`gateway install failed: ${stdout}${stderr}`);
  await waitFor('the gateway listens', () =>
    fetch(`http://127.0.0.1:${String(lab.port)}/`).then(
      (page) => page.ok,
      () => false,
    ),
  );
}

/**
 * Makes two machines in one temporary directory: homes of two users, the product on both, a populated state on the old one
 * and its gateway running there. Less than a second; real processes, real ports, no SSH.
 */
export async function makeTempLab(options: TempLabOptions = {}): Promise<TempLab> {
  const path = mkdtempSync(join(tmpdir(), 'np-lab-'));
  mkdirSync(join(path, 'hub'));
  const [old, fresh] = await Promise.all([sideFor(path, 'old', options), sideFor(path, 'new', options)]);
  const port = options.port ?? (await freePort());
  const sides = { old, new: fresh };
  const lab: TempLab = {
    path,
    ...sides,
    state: await populate({ ...options, home: old.home, port }),
    port,
    hub: hubAt(join(path, 'hub')),
    running: (name) => runningOn(sides[name]),
    cli: (name, ...argv) => runCli(sides[name], argv),
    setTraps: (name, traps) => {
      setTraps(sides[name].product.prefix, traps);
    },
    startForeground: (name, extraEnv) => startInTerminal(sides[name], extraEnv),
    async destroy() {
      await Promise.all([removeSide(old), removeSide(fresh)]);
      rmSync(path, { recursive: true, force: true });
    },
  };
  try {
    await startOld(lab, options.runsAs ?? 'foreground');
  } catch (error) {
    await lab.destroy();
    throw error;
  }
  return lab;
}
