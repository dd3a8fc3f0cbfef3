import { dirname } from 'node:path';
import { watch } from 'chokidar';
import { problemOf } from '../core/problem.ts';
import type { NewSettings, SettingsNews } from '../visits/new-settings.ts';
import type { SettingsFlags } from './flags.ts';
import { readSettings, settingsPath } from './settings-file.ts';
import type { Settings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

/** Editors write in several goes. */
const STEADY = { stabilityThreshold: 200, pollInterval: 50 };

/** The settings of this account as they are written anew; `before` is what was read. Null where none are wanted (`--config none`). */
export function watchSettings(flags: SettingsFlags, around: Surroundings, before: Settings): SettingsNews | null {
  const path = settingsPath(flags, around);
  if (path === null) return null;
  const { home } = around.account;
  // The folders on the way may come and go; what lies elsewhere was named, and is there.
  const top = path.startsWith(`${home}/`) ? home : dirname(path);
  return { listen: (hear) => listen({ path, top }, () => read(flags, around), { before, hear }) };
}

function listen(
  { path, top }: { path: string; top: string },
  now: () => Promise<NewSettings>,
  { before, hear }: { before: Settings; hear: (news: NewSettings) => void },
): () => Promise<void> {
  let known = JSON.stringify(before);
  const look = async (): Promise<void> => {
    const news = await now();
    const text = JSON.stringify(news);
    if (text === known) return;
    known = text;
    hear(news);
  };
  const isBeside = (seen: string): boolean => seen !== path && !path.startsWith(`${seen}/`);
  const watcher = watch(top, { ignored: isBeside, awaitWriteFinish: STEADY });
  watcher.on('all', () => void look());
  // Where it cannot be watched it stays as it was read.
  watcher.on('error', () => undefined);
  return () => watcher.close();
}

async function read(flags: SettingsFlags, around: Surroundings): Promise<NewSettings> {
  try {
    return await readSettings(flags, around);
  } catch (error) {
    return { problem: problemOf(error) };
  }
}
