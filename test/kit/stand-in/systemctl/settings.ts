import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

/** How the service manager of one home behaves; `<home>/.stand-in-systemd/settings.json`. */
export interface ManagerSettings {
  /** `off`: no manager answers. `needs-runtime-dir`: it answers only those who have XDG_RUNTIME_DIR. */
  readonly bus: 'on' | 'off' | 'needs-runtime-dir';
  readonly linger: boolean;
  /** Every wait of a unit (RestartSec, TimeoutStopSec) is multiplied by this. */
  readonly timeScale: number;
}

export const DEFAULTS: ManagerSettings = { bus: 'on', linger: false, timeScale: 1 };

export const HOME = process.env['HOME'] ?? homedir();

export const USER = userInfo().username;

/** Is it the machine's manager that is asked, and not the user's? A machine has one where its folder is there. */
export const IS_SYSTEM = process.env['STAND_IN_SCOPE'] === 'system';

/** Everything that the manager of this home keeps. */
export const FOLDER = join(HOME, IS_SYSTEM ? '.stand-in-systemd-system' : '.stand-in-systemd');

const FILE = join(FOLDER, 'settings.json');

/** Settings as they are now; `STAND_IN_*` in the environment of who asks wins. */
export function managerSettings(env: NodeJS.ProcessEnv = process.env): ManagerSettings {
  const kept = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Partial<ManagerSettings>) : {};
  const { STAND_IN_BUS: bus, STAND_IN_TIME_SCALE: scale } = env;
  const forced = { ...(bus === 'off' ? { bus } : {}), ...(scale ? { timeScale: Number(scale) } : {}) };
  return { ...DEFAULTS, ...kept, ...forced } as ManagerSettings;
}

export function keepLinger(linger: boolean): void {
  mkdirSync(FOLDER, { recursive: true });
  const { bus, timeScale } = managerSettings();
  writeFileSync(FILE, JSON.stringify({ bus, timeScale, linger }));
}
