import { DEAD } from './protocol.ts';
import type { Standing } from './protocol.ts';
import { Service } from './service.ts';

const services = new Map<string, Service>();

export function standingOf(unit: string): Standing {
  return services.get(unit)?.standing() ?? DEAD;
}

export function startService(unit: string): void {
  const service = services.get(unit) ?? new Service(unit);
  services.set(unit, service);
  service.start();
}

export async function stopService(unit: string): Promise<void> {
  await services.get(unit)?.stop();
}

export function killService(unit: string, signal: NodeJS.Signals): void {
  services.get(unit)?.kill(signal);
}

export async function stopAll(): Promise<void> {
  await Promise.all([...services.values()].map((service) => service.stop()));
}

/** As when the power goes. */
export function killAll(): void {
  for (const service of services.values()) service.kill('SIGKILL');
}
