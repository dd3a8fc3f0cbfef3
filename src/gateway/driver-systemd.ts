import { printable } from '../host/printable.ts';
import { call, lastWord, pidIn, type Driver, type Place, type Service } from './driver.ts';

/** A unit of the account's own manager. Where the login gives no bus, the one of the gateway's user is tried. */
export function userUnit(unit: string): Driver {
  return {
    async look(place) {
      const env = await reached(place, unit);
      return env && serviceOf(place, { unit, env, scope: ['systemctl', '--user'] });
    },
    async tell({ verb, as, timeoutMs }, place) {
      const env = (await reached(place, unit)) ?? {};
      return lastWord(await call(place, ['systemctl', '--user', verb, ...runtime(as), unit], { env, timeoutMs }));
    },
    byHand: (verb) => `systemctl --user ${verb} ${unit}`,
  };
}

/** A unit of the machine: anybody may look, root changes. */
export function systemUnit(unit: string, { sudo }: { sudo: boolean }): Driver {
  const root = sudo ? ['sudo', '-n'] : [];
  return {
    look: (place) => serviceOf(place, { unit, env: {}, scope: ['systemctl'] }),
    async tell({ verb, as, timeoutMs }, place) {
      const argv = [...root, 'systemctl', verb, '--no-ask-password', ...runtime(as), unit];
      return lastWord(await call(place, argv, { timeoutMs }));
    },
    byHand: (verb) => `sudo systemctl ${verb} ${unit}`,
  };
}

interface Unit {
  readonly unit: string;
  readonly env: Readonly<Record<string, string>>;
  readonly scope: readonly string[];
}

/** What lasts until the next boot only is made and unmade in another place. */
function runtime(as: string | null): readonly string[] {
  return as === 'enabled-runtime' ? ['--runtime'] : [];
}

/** The environment in which the user's manager answers; null where none does. */
async function reached(place: Place, unit: string): Promise<Unit['env'] | null> {
  const runtimeDir = `/run/user/${place.gateway.uid}`;
  const bus = { XDG_RUNTIME_DIR: runtimeDir, DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtimeDir}/bus` };
  for (const env of [{}, bus]) {
    const shown = await call(place, ['systemctl', '--user', 'show', unit, '--property=LoadState'], { env });
    if (shown === null) return null;
    if (parseProperties(shown.stdout.toString()).has('LoadState')) return env;
  }
  return null;
}

const PROPERTIES = ['LoadState', 'ActiveState', 'MainPID'];

async function serviceOf(place: Place, { unit, env, scope }: Unit): Promise<Service | null> {
  const shown = await call(place, [...scope, 'show', unit, `--property=${PROPERTIES.join(',')}`], { env });
  const properties = parseProperties(shown?.stdout.toString() ?? '');
  if (!properties.has('LoadState')) return null;
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
