import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { Plan } from '../core/plan.ts';
import { readLife } from '../gateway/life.ts';

/**
 * What holds the gateway's port on the new machine, if it is something else than the gateway that would be parked. Null when the port
 * is free, or when there is no Node to look with, which pre-flight refuses on its own. Between two users of one machine (`sameKernel`)
 * the old gateway itself holds the port until it is stopped. Read-only.
 */
export async function portHolder(
  host: Host,
  { ranAs, new: { gateway } }: Plan,
  { sameKernel }: { sameKernel: boolean },
  waiting: { clock: Clock; signal: AbortSignal },
): Promise<string | null> {
  if (gateway.node === '' || (sameKernel && ranAs !== 'stopped')) return null;
  const { portTakenBy } = await readLife(host, gateway, waiting);
  return portTakenBy && `${portTakenBy.what}${portTakenBy.pid === null ? '' : ` (pid ${portTakenBy.pid})`}`;
}
