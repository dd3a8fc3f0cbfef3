import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gateway } from '../core/plan.ts';
import type { RunFolder, World } from '../core/step.ts';
import { run } from '../host/run.ts';

/** Keeps the unit file that is on this machine already, byte for byte, in the run's folder. Repeatable: the first copy stays. */
export async function keepUnit(gateway: Gateway, folder: RunFolder): Promise<void> {
  const kept = keptUnit(gateway, folder);
  await mkdir(join(folder.path, 'undo-new'), { recursive: true, mode: 0o700 });
  await copyFile(unitPath(gateway), kept, 1 /* COPYFILE_EXCL */).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}

/** Puts the kept unit file back, or removes the one that a start made where there was none. The service must be stopped and disabled. */
export async function putUnitBack(gateway: Gateway, world: World, hadUnit: boolean): Promise<void> {
  if (gateway.unit === null) return;
  if (hadUnit) {
    await copyFile(keptUnit(gateway, world.run), unitPath(gateway)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  } else {
    await rm(unitPath(gateway), { force: true });
  }
  await run(world.new, ['systemctl', '--user', 'daemon-reload'], { clock: world.clock });
}

function unitPath(gateway: Gateway): string {
  return join(gateway.home, '.config', 'systemd', 'user', gateway.unit ?? '');
}

function keptUnit(gateway: Gateway, folder: RunFolder): string {
  return join(folder.path, 'undo-new', gateway.unit ?? '');
}
