import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { Inventory } from '../core/inventory.ts';
import type { Plan } from '../core/plan.ts';
import { readLife } from '../gateway/life.ts';

/** What holds the gateway's port here, and which of those beside it; see `Inventory.newPort`. */
export type PortsTaken = Omit<Inventory['newPort'], 'port'>;

/**
 * What holds the gateway's ports on the new machine, if it is something else than the gateway that would be parked. Nothing when they
 * are free, or when there is no Node to look with, which pre-flight refuses on its own. Between two users of one machine (`sameKernel`)
 * the old gateway itself holds the port until it is stopped. Read-only.
 */
export async function portHolder(
  host: Host,
  { ranAs, new: { gateway } }: Plan,
  { sameKernel }: { sameKernel: boolean },
  waiting: { clock: Clock; signal: AbortSignal },
): Promise<PortsTaken> {
  if (gateway.node === '' || (sameKernel && ranAs !== 'stopped')) return { takenBy: null, beside: [] };
  const { portTakenBy, morePortsTaken } = await readLife(host, gateway, waiting);
  const named = ({ what, pid }: { what: string; pid: number | null }): string =>
    `${what}${pid === null ? '' : ` (pid ${pid})`}`;
  return {
    takenBy: portTakenBy && named(portTakenBy),
    beside: morePortsTaken.map((one) => ({ port: one.port, takenBy: named(one) })),
  };
}
