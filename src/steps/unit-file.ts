import { copyFile, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Gateway } from '../core/plan.ts';
import type { RunFolder, World } from '../core/step.ts';
import { run } from '../host/run.ts';

/** Is there a unit file of this user's where a start writes one? Read-only. One that lies elsewhere is never touched by a start. */
export async function hasUnitFile(gateway: Gateway): Promise<boolean> {
  return gateway.unit !== null && (await exists(unitPath(gateway)));
}

/** Keeps the unit file that is on this machine already, byte for byte, in the run's folder. Repeatable: the first copy stays. */
export async function keepUnit(gateway: Gateway, folder: RunFolder): Promise<void> {
  const kept = keptUnit(gateway, folder);
  if (await exists(kept)) return;
  await mkdir(dirname(kept), { recursive: true, mode: 0o700 });
  await copyWhole(unitPath(gateway), kept);
}

/**
 * Puts the kept unit file back, or removes the one that a start made where there was none. What was kept goes: the next try of the
 * run keeps what it finds then. The service must be stopped and disabled. Repeatable, also where nothing was kept yet.
 */
export async function putUnitBack(gateway: Gateway, world: World, hadUnit: boolean): Promise<void> {
  if (gateway.unit === null) return;
  const kept = keptUnit(gateway, world.run);
  if (!hadUnit) await rm(unitPath(gateway), { force: true });
  else if (await exists(kept)) await copyWhole(kept, unitPath(gateway));
  await rm(dirname(kept), { recursive: true, force: true });
  await run(world.new, ['systemctl', '--user', 'daemon-reload'], { clock: world.clock });
}

/** The copy appears whole, with the mode of the original, or not at all. */
async function copyWhole(from: string, to: string): Promise<void> {
  const draft = `${to}.np-draft`;
  await rm(draft, { force: true });
  await copyFile(from, draft);
  const handle = await open(draft, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, to);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function unitPath(gateway: Gateway): string {
  return join(gateway.home, '.config', 'systemd', 'user', gateway.unit ?? '');
}

function keptUnit(gateway: Gateway, folder: RunFolder): string {
  return join(folder.path, 'undo-new', 'unit', gateway.unit ?? '');
}
