import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { freePort } from './ports.ts';
import { makeSide, removeSide, runCli, runningOn, startInTerminal, type Side } from './side.ts';
import type { Traps } from './stand-in/traps.ts';
import type { TempLab } from './temp-lab.ts';

/** One command of the guide: what it said and how it ended. */
export type Said = ReturnType<typeof runCli>;

/** A machine beside the two of a lab, to which a person moves the gateway by the steps of a guide. */
export interface ByHand {
  readonly side: Side;
  readonly stateDir: string;
  readonly cli: (...argv: string[]) => Said;
  readonly running: () => number[];
  /** `rsync -a` of the state dir, from the old machine to this one. */
  readonly copy: () => void;
  /** What the careful one does after it: the old home replaced in the config and in the session indexes. */
  readonly replacePaths: () => void;
  /** Starts it in a terminal; at a port of its own, for the machines of a lab share one network. */
  readonly start: (extraEnv?: Readonly<Record<string, string>>) => Promise<number>;
  /** Ends every process of it and removes it. Repeatable. */
  readonly remove: () => Promise<void>;
}

/** Makes that machine; its user is hans. */
export async function machineByHand(
  lab: TempLab,
  { version = '2026.2.26', traps = {} }: { version?: string; traps?: Traps } = {},
): Promise<ByHand> {
  const side = await makeSide({
    path: join(lab.path, 'hand'),
    user: 'hans',
    hub: lab.hub.path,
    product: 'smart-agent-neo',
    version,
    traps,
    manager: {},
    isInstalled: true,
    profile: 'default',
  });
  const stateDir = join(side.home, '.smart-agent-neo');
  return {
    side,
    stateDir,
    cli: (...argv) => runCli(side, argv),
    running: () => runningOn(side),
    copy: () => {
      run('rsync', '-a', `${join(lab.old.home, '.smart-agent-neo')}/`, `${stateDir}/`);
    },
    replacePaths: () => {
      const indexes = ['main', 'ops'].map((agent) => `agents/${agent}/sessions/sessions.json`);
      for (const name of ['smart-agent-neo.json', 'channels.json5', ...indexes]) {
        const file = join(stateDir, name);
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll(`${lab.old.home}/`, `${side.home}/`));
      }
    },
    start: async (extraEnv) => {
      const SMART_AGENT_NEO_GATEWAY_PORT = String(await freePort());
      return startInTerminal(side, { SMART_AGENT_NEO_GATEWAY_PORT, ...extraEnv });
    },
    remove: () => removeSide(side),
  };
}

/**
 * Does something while nothing of the old home is to be had under its path, as on another machine; the place itself can be written. What
 * was made there meanwhile is told, by paths below the old home, and taken away again.
 */
export async function whileOldIsElsewhere<T>(
  { old, path }: TempLab,
  act: (made: () => string[]) => Promise<T>,
): Promise<T> {
  const elsewhere = join(path, 'elsewhere');
  mkdirSync(elsewhere);
  // The product and the stand-in of its service manager stay: what they run is nobody's state.
  const names = readdirSync(old.home).filter((name) => !/^\.(npm-global|stand-in-systemd|config)$/.test(name));
  for (const name of names) renameSync(join(old.home, name), join(elsewhere, name));
  const made = (): string[] =>
    readdirSync(old.home, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/^\.(npm-global|stand-in-systemd|config)(\/|$)/.test(name))
      .sort();
  try {
    return await act(made);
  } finally {
    for (const name of new Set(made().map((one) => one.split('/')[0] ?? one))) {
      rmSync(join(old.home, basename(name)), { recursive: true });
    }
    for (const name of names) renameSync(join(elsewhere, name), join(old.home, name));
    rmSync(elsewhere, { recursive: true });
  }
}

function run(command: string, ...argv: string[]): void {
  const { status, stderr } = spawnSync(command, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
}
