import { printable } from '../host/printable.ts';
import { call, lastWord, pidIn, type Driver, type Place, type Service } from './driver.ts';

/** A unit of the account's own manager. Where the login gives no bus, the one of the gateway's user is tried. */
export function userUnit(unit: string): Driver {
  const scope = ['systemctl', '--user'];
  return {
    async look(place) {
      const shown = await shownByUser(place, { unit, scope });
      return shown && serviceOf(place, { unit, scope, ...shown });
    },
    async tell({ verb, as, timeoutMs }, place) {
      const env = (await shownByUser(place, { unit, scope }))?.env ?? {};
      return lastWord(await call(place, [...scope, verb, ...runtime(as), unit], { env, timeoutMs }));
    },
    byHand: (verb) => `systemctl --user ${verb} ${unit}`,
  };
}

/** A unit of the machine: anybody may look, root changes. */
export function systemUnit(unit: string, { sudo }: { sudo: boolean }): Driver {
  const root = sudo ? ['sudo', '-n'] : [];
  const scope = ['systemctl'];
  return {
    async look(place) {
      const shown = await show(place, { unit, scope, env: {} });
      return shown && serviceOf(place, { unit, scope, ...shown });
    },
    async tell({ verb, as, timeoutMs }, place) {
      const argv = [...root, 'systemctl', verb, '--no-ask-password', ...runtime(as), unit];
      return lastWord(await call(place, argv, { timeoutMs }));
    },
    byHand: (verb) => `sudo systemctl ${verb} ${unit}`,
  };
}

interface Unit {
  readonly unit: string;
  readonly scope: readonly string[];
}

/** What a manager says of a unit, and the environment in which it answers. */
interface Shown {
  readonly env: Readonly<Record<string, string>>;
  readonly properties: ReadonlyMap<string, string>;
}

/** What lasts until the next boot only is made and unmade in another place. */
function runtime(as: string | null): readonly string[] {
  return as === 'enabled-runtime' ? ['--runtime'] : [];
}

async function shownByUser(place: Place, unit: Unit): Promise<Shown | null> {
  const env = userBus(place.gateway.uid);
  return (await show(place, { ...unit, env: {} })) ?? (await show(place, { ...unit, env }));
}

/** The environment in which the manager of an account answers, where a login does not have it. Pure. */
export function userBus(uid: number | undefined): Readonly<Record<string, string>> {
  const runtimeDir = `/run/user/${uid}`;
  return { XDG_RUNTIME_DIR: runtimeDir, DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtimeDir}/bus` };
}

const PROPERTIES = ['LoadState', 'ActiveState', 'MainPID', 'RestartUSec', 'NRestarts'];

/** Null where no manager answers. */
async function show(place: Place, { unit, scope, env }: Unit & Pick<Shown, 'env'>): Promise<Shown | null> {
  const shown = await call(place, [...scope, 'show', unit, `--property=${PROPERTIES.join(',')}`], { env });
  const properties = parseProperties(shown?.stdout.toString() ?? '');
  return properties.has('LoadState') ? { env, properties } : null;
}

async function serviceOf(place: Place, { unit, scope, env, properties }: Unit & Shown): Promise<Service> {
  // `show` may tell a unit file state from before the last change on disk; `is-enabled` looks. What is not there is not enabled.
  const installed = properties.get('LoadState') !== 'not-found';
  const asked = installed ? await call(place, [...scope, 'is-enabled', unit], { env }) : null;
  const state = asked?.stdout.toString().trim() ?? '';
  const enabled = state === 'enabled' || state === 'enabled-runtime';
  const activeState = printable(properties.get('ActiveState') ?? 'unknown', 40);
  return {
    unit,
    installed,
    enabled,
    enabledAs: enabled ? state : null,
    active: activeState !== 'inactive' && activeState !== 'failed',
    activeState,
    mainPid: pidIn(properties.get('MainPID')),
    ...restartsOf(properties),
  };
}

function restartsOf(properties: Shown['properties']): Pick<Service, 'restartMs' | 'restarts'> {
  const restartMs = spanMs(properties.get('RestartUSec') ?? '');
  const restarts = properties.get('NRestarts') ?? '';
  return {
    ...(restartMs !== null && { restartMs }),
    ...(/^\d{1,9}$/.test(restarts) && { restarts: Number(restarts) }),
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time as `systemctl show` prints it (`5s`, `1min 30s`, `100ms`), in milliseconds; null for what is none, such as `infinity`. Pure. */
export function spanMs(text: string): number | null {
  if (/^0$/.test(text)) return 0;
  const parts = text.split(' ').map((word) => /^(\d{1,9})(us|ms|s|min|h|d)$/.exec(word));
  const ms = parts.map((part) => (part ? Number(part[1]) * (UNITS_MS[part[2] ?? ''] ?? Number.NaN) : Number.NaN));
  const sum = ms.reduce((total, one) => total + one, 0);
  return Number.isNaN(sum) ? null : sum;
}

/** `KEY=VALUE` lines of `systemctl show`. Pure. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line.trim()));
  return new Map(pairs.flatMap((pair) => (pair ? [[pair[1] ?? '', pair[2] ?? ''] as const] : [])));
}
