import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { fail, ProblemError } from '../core/problem.ts';
import { systemClock } from '../host/clock.ts';
import { printable } from '../host/printable.ts';
import { run, type RunResult } from '../host/run.ts';
import type { Waiting } from './probe.ts';

/** A gateway's service as the user service manager sees it now. */
export interface Service {
  readonly unit: string;
  readonly installed: boolean;
  /** Does it start by itself, at boot or login? */
  readonly enabled: boolean;
  /** Anything but stopped: a service that waits for its restart, starts or stops counts. */
  readonly active: boolean;
  /** `active`, `activating`, `deactivating`, `inactive`, `failed`, ... */
  readonly activeState: string;
  readonly mainPid: number | null;
}

/** How long a change of a service may take. */
export interface ServiceWaiting extends Waiting {
  /** 60 s without it: a gateway that starts does not heed a stop for 20 s and more. */
  readonly waitMs?: number;
}

const WAIT_MS = 60_000;
const POLL_MS = 200;
const ASK_MS = 30_000;

/**
 * What the user service manager says of the gateway's unit; null where the gateway has no unit or no manager answers. Read-only.
 * Where the login gives no bus, the one of the gateway's user is tried.
 */
export async function readService(host: Host, gateway: Gateway, waiting: Waiting = {}): Promise<Service | null> {
  return (await find(host, gateway, waiting))?.service ?? null;
}

/** Stops the service and waits until it is stopped; it stays enabled. False when it is not in time. Repeatable. */
export async function stopService(host: Host, gateway: Gateway, waiting: ServiceWaiting = {}): Promise<boolean> {
  return (await change('stop', { host, gateway, waiting }, (service) => !service.active)).reached;
}

/** Starts the service and waits until it is active; whether the gateway in it serves is another question. False when not in time. Repeatable. */
export async function startService(host: Host, gateway: Gateway, waiting: ServiceWaiting = {}): Promise<boolean> {
  return (await change('start', { host, gateway, waiting }, (service) => service.activeState === 'active')).reached;
}

/** Lets the service start by itself at boot and login; does not start it now. Throws `command-failed` when it is not so afterwards. Repeatable. */
export async function enableService(host: Host, gateway: Gateway, waiting: ServiceWaiting = {}): Promise<void> {
  const { reached, said } = await change('enable', { host, gateway, waiting }, (service) => service.enabled);
  if (!reached) throw unchanged(host, gateway, { verb: 'enable', still: 'not enabled', said });
}

/** Keeps the service from starting by itself; does not stop it now. Throws `command-failed` when it is not so afterwards. Repeatable. */
export async function disableService(host: Host, gateway: Gateway, waiting: ServiceWaiting = {}): Promise<void> {
  const { reached, said } = await change('disable', { host, gateway, waiting }, (service) => !service.enabled);
  if (!reached) throw unchanged(host, gateway, { verb: 'disable', still: 'enabled', said });
}

interface Subject {
  readonly host: Host;
  readonly gateway: Gateway;
  readonly waiting: ServiceWaiting;
}

/** Runs a verb and polls for its effect; what the verb's exit code says is not believed either way. */
async function change(
  verb: 'start' | 'stop' | 'enable' | 'disable',
  { host, gateway, waiting }: Subject,
  isReached: (service: Service) => boolean,
): Promise<{ reached: boolean; said: string }> {
  const { clock = systemClock, signal, waitMs = WAIT_MS } = waiting;
  const deadline = clock.now() + waitMs;
  const found = await find(host, gateway, waiting);
  if (!found) throw noManager(host, gateway);
  if (isReached(found.service)) return { reached: true, said: '' };
  const argv = [verb, found.service.unit];
  const result = await systemctl(host, argv, { ...waiting, env: found.env, timeoutMs: waitMs });
  const said = printable(result?.stderr.toString().trim().split('\n').at(-1) ?? '');
  for (;;) {
    const service = (await find(host, gateway, waiting))?.service;
    if (service && isReached(service)) return { reached: true, said };
    // Enabling is done when the verb comes back; starting and stopping may go on.
    if (verb === 'enable' || verb === 'disable' || clock.now() >= deadline) return { reached: false, said };
    await clock.sleep(POLL_MS, signal);
  }
}

type Env = Readonly<Record<string, string>>;

/** The service, and the environment in which its manager answers. */
async function find(host: Host, gateway: Gateway, waiting: Waiting): Promise<{ service: Service; env: Env } | null> {
  const { unit, uid } = gateway;
  if (unit === null) return null;
  const runtimeDir = `/run/user/${uid}`;
  const bus = { XDG_RUNTIME_DIR: runtimeDir, DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtimeDir}/bus` };
  for (const env of [{}, bus]) {
    const options = { ...waiting, env, timeoutMs: ASK_MS };
    const shown = await systemctl(host, ['show', unit, `--property=${PROPERTIES.join(',')}`], options);
    if (shown === null) return null;
    const properties = parseProperties(shown.stdout.toString());
    if (!properties.has('LoadState')) continue;
    // `show` may tell a unit file state from before the last change on disk; `is-enabled` looks. What is not there is not enabled.
    const isThere = properties.get('LoadState') !== 'not-found';
    const isEnabled = isThere ? await systemctl(host, ['is-enabled', unit], options) : null;
    return { service: serviceOf(unit, properties, isEnabled?.stdout.toString().trim() ?? ''), env };
  }
  return null;
}

const PROPERTIES = ['LoadState', 'ActiveState', 'MainPID'];

/** `KEY=VALUE` lines of `systemctl show`. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line.trim()));
  return new Map(pairs.flatMap((pair) => (pair ? [[pair[1] ?? '', pair[2] ?? ''] as const] : [])));
}

function serviceOf(unit: string, properties: ReadonlyMap<string, string>, enabledState: string): Service {
  const activeState = printable(properties.get('ActiveState') ?? 'unknown', 40);
  const mainPid = Number(properties.get('MainPID'));
  return {
    unit,
    installed: properties.get('LoadState') !== 'not-found',
    enabled: enabledState === 'enabled' || enabledState === 'enabled-runtime',
    active: activeState !== 'inactive' && activeState !== 'failed',
    activeState,
    mainPid: Number.isSafeInteger(mainPid) && mainPid > 0 ? mainPid : null,
  };
}

/** Null where there is no systemctl, or where it did not come to an end; what it did then is seen by looking. */
async function systemctl(
  host: Host,
  argv: readonly string[],
  { clock, signal, env, timeoutMs }: Waiting & { env: Env; timeoutMs: number },
): Promise<RunResult | null> {
  const options = { env: { ...env, LC_ALL: 'C' }, timeoutMs, ...(clock && { clock }), ...(signal && { signal }) };
  try {
    return await run(host, ['systemctl', '--user', ...argv], options);
  } catch (error) {
    const code = error instanceof ProblemError ? error.problem.code : null;
    if (code === 'command-not-found' || code === 'command-timeout') return null;
    throw error;
  }
}

function noManager(host: Host, { unit, uid }: Gateway): Error {
  return fail('command-failed', {
    message: `No user service manager answers on ${host.label}${unit === null ? '' : `, so ${unit} cannot be changed`}.`,
    hint: `See whether it runs there: XDG_RUNTIME_DIR=/run/user/${uid} systemctl --user status`,
  });
}

function unchanged(
  host: Host,
  { unit }: Gateway,
  { verb, still, said }: { verb: string; still: string; said: string },
): Error {
  return fail('command-failed', {
    message: `On ${host.label}, ${unit ?? ''} is ${still} after \`systemctl --user ${verb}\`${said && `: ${said}`}`,
    hint: `On that machine, see why: systemctl --user ${verb} ${unit ?? ''}`,
  });
}
