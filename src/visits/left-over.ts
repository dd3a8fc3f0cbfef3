import type { Gateway } from '../core/plan.ts';
import type { Host } from '../core/host.ts';
import type { World } from '../core/step.ts';
import { readLife } from '../gateway/life.ts';

const PATIENCE_MS = 60_000;
const POLL_MS = 200;

/**
 * Waits for calls of the product's CLI that a killed run has left at work: a late `gateway stop` or `gateway install` would undo what
 * is done next. They are not ended, for whose they are cannot be told; after a minute it goes on, and says so. Read-only.
 */
export async function waitForLeftOver(
  world: World,
  { host, gateway }: { host: Host; gateway: Gateway },
): Promise<void> {
  const deadline = world.clock.now() + PATIENCE_MS;
  for (let told = false; ; told = true) {
    const calls = await callsOf(world, host, gateway);
    if (calls.length === 0) return;
    const pids = calls.join(', ');
    if (world.clock.now() >= deadline) {
      await world.emit({
        type: 'notice',
        message: `A command of the gateway still runs on ${host.label} (pid ${pids}). Going on beside it.`,
      });
      return;
    }
    if (!told)
      await world.emit({
        type: 'notice',
        message: `Waiting for a command of the gateway on ${host.label} to end (pid ${pids}).`,
      });
    await world.clock.sleep(POLL_MS, world.signal);
  }
}

/** Where one cannot look, whatever needs to will say so. */
async function callsOf(world: World, host: Host, gateway: Gateway): Promise<readonly number[]> {
  return readLife(host, gateway, world).then(
    ({ calls }) => calls,
    () => [],
  );
}
