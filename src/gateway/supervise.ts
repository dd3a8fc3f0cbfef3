import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { systemClock } from '../host/clock.ts';
import { ownCommands } from './driver-commands.ts';
import { container } from './driver-container.ts';
import { launchd } from './driver-launchd.ts';
import { pm2 } from './driver-pm2.ts';
import { systemUnit, userUnit } from './driver-systemd.ts';
import type { Driver, Place, Service, Verb } from './driver.ts';
import type { Waiting } from './probe.ts';

export type { Service } from './driver.ts';

/** How long a change of a service may take. */
export interface ServiceWaiting extends Waiting {
  /** 60 s without it: a gateway that starts does not heed a stop for 20 s and more. */
  readonly waitMs?: number;
  /** With `enableService` and `disableService`: in which way, as `Service.enabledAs` had it. */
  readonly as?: string | null;
}

const WAIT_MS = 60_000;
const POLL_MS = 200;

/**
 * What the gateway's supervisor says of it; null where it has none, or only commands of the person's own, or no user service manager
 * answers. Read-only. Throws `command-failed` where another supervisor is known to have it and does not answer.
 */
export async function readService(host: Host, gateway: Gateway, waiting: Waiting = {}): Promise<Service | null> {
  const driver = driverOf(gateway);
  if (!driver || driver.isBlind) return null;
  const service = await driver.look({ host, gateway, waiting });
  if (service === null && gateway.supervisor) throw unanswered(host, driver);
  return service;
}

/** Is the gateway kept by something that cannot be looked at, so that only its own signs of life tell whether it runs? */
export function isKeptUnseen(gateway: Gateway): boolean {
  return driverOf(gateway)?.isBlind ?? false;
}

/** What a person types on the gateway's machine to have its supervisor do something; null where it has none. Pure. */
export function byHand(gateway: Gateway, verb: Verb): string | null {
  return driverOf(gateway)?.byHand(verb) ?? null;
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
  const as = waiting.as ?? null;
  const isAs = (service: Service): boolean => service.enabled && (as === null || service.enabledAs === as);
  const { reached, said } = await change('enable', { host, gateway, waiting }, isAs);
  if (!reached) throw unchanged(host, gateway, { verb: 'enable', still: 'not enabled', said });
}

/** Keeps the service from starting by itself; does not stop it now. Throws `command-failed` when it is not so afterwards. Repeatable. */
export async function disableService(host: Host, gateway: Gateway, waiting: ServiceWaiting = {}): Promise<void> {
  const { reached, said } = await change('disable', { host, gateway, waiting }, (service) => !service.enabled);
  if (!reached) throw unchanged(host, gateway, { verb: 'disable', still: 'enabled', said });
}

function driverOf({ unit, supervisor }: Gateway): Driver | null {
  if (!supervisor) return unit === null ? null : userUnit(unit);
  switch (supervisor.kind) {
    case 'systemd-system':
      return systemUnit(supervisor.unit, supervisor);
    case 'launchd':
      return launchd(supervisor);
    case 'pm2':
      return pm2(supervisor);
    case 'container':
      return container(supervisor);
    case 'commands':
      return ownCommands(supervisor);
  }
}

interface Subject extends Place {
  readonly waiting: ServiceWaiting;
}

/** Says a verb and polls for its effect; what the verb's exit code says is not believed either way. */
async function change(
  verb: Verb,
  place: Subject,
  isReached: (service: Service) => boolean,
): Promise<{ reached: boolean; said: string }> {
  const { clock = systemClock, signal, waitMs = WAIT_MS, as = null } = place.waiting;
  const deadline = clock.now() + waitMs;
  const driver = driverOf(place.gateway);
  if (driver?.isBlind) return { reached: true, said: await driver.tell({ verb, as, timeoutMs: waitMs }, place) };
  const found = await driver?.look(place);
  if (!driver || !found) throw unanswered(place.host, driver);
  if (isReached(found)) return { reached: true, said: '' };
  const how = verb === 'disable' ? found.enabledAs : as;
  const said = await driver.tell({ verb, as: how, timeoutMs: waitMs }, place);
  for (;;) {
    const service = await driver.look(place);
    if (service && isReached(service)) return { reached: true, said };
    // Enabling is done when the verb comes back; starting and stopping may go on.
    if (verb === 'enable' || verb === 'disable' || clock.now() >= deadline) return { reached: false, said };
    await clock.sleep(POLL_MS, signal);
  }
}

function unanswered(host: Host, driver: Driver | null): Error {
  const what = driver?.byHand('stop') ?? 'systemctl --user';
  return fail('command-failed', {
    message: `What keeps the gateway running on ${host.label} does not answer, so nothing can be changed there by \`${what}\`.`,
    hint: `On that machine, see why: ${what}`,
  });
}

function unchanged(
  host: Host,
  gateway: Gateway,
  { verb, still, said }: { verb: Verb; still: string; said: string },
): Error {
  const command = byHand(gateway, verb) ?? verb;
  return fail('command-failed', {
    message: `On ${host.label}, the gateway is ${still} after \`${command}\`${said && `: ${said}`}`,
    hint: `On that machine, see why: ${command}`,
  });
}
