import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import type { World } from '../core/step.ts';
import { readLife, type Life } from '../gateway/life.ts';

const POLL_MS = 200;

/** `up`: it lives and its port is open. `down`: no sign of life. */
export type Wanted = 'up' | 'down';

/** Does this look show what is wanted? */
export function isAs(life: Life, wanted: Wanted): boolean {
  return wanted === 'up' ? life.alive && life.listening : !life.alive;
}

/** Polls until the gateway is as wanted or the time is up; gives the last look either way. Read-only. */
export async function waitForLife(
  world: World,
  { host, gateway }: { host: Host; gateway: Gateway },
  wanted: Wanted,
  waitMs: number,
): Promise<Life> {
  const deadline = world.clock.now() + waitMs;
  for (;;) {
    const life = await readLife(host, gateway, world);
    if (isAs(life, wanted) || world.clock.now() >= deadline) return life;
    await world.clock.sleep(POLL_MS, world.signal);
  }
}
