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

const PROPERTIES = ['LoadState', 'ActiveState', 'MainPID'];

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
  };
}

/** `KEY=VALUE` lines of `systemctl show`. Pure. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line.trim()));
  return new Map(pairs.flatMap((pair) => (pair ? [[pair[1] ?? '', pair[2] ?? ''] as const] : [])));
}
