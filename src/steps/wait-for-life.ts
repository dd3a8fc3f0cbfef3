import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import type { World } from '../core/step.ts';
import { signalProcess } from '../gateway/foreground.ts';
import { readLife, type Life } from '../gateway/life.ts';

/** Between two looks. */
export const POLL_MS = 200;

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

/**
 * Waits until no call of the product is under way, or the time is up: one that a crash has left behind may yet start what was not there
 * a moment ago. Gives the last look either way. Read-only.
 */
export async function waitForCalls(
  world: World,
  { host, gateway }: { host: Host; gateway: Gateway },
  waitMs: number,
): Promise<Life> {
  const deadline = world.clock.now() + waitMs;
  for (;;) {
    const life = await readLife(host, gateway, world);
    if (life.calls.length === 0 || world.clock.now() >= deadline) return life;
    await world.clock.sleep(POLL_MS, world.signal);
  }
}

/**
 * Tells every process of the gateway to end, each once as it comes into sight, until no sign of life is left and no call of the product
 * is under way that could bring it back, or the time is up; gives the last look either way. One that has just been started shows
 * itself bit by bit: a parent first, which may be gone before it can hand on a signal, then the one that serves. Repeatable.
 */
export async function endGateway(
  world: World,
  { host, gateway }: { host: Host; gateway: Gateway },
  waitMs: number,
): Promise<Life> {
  const deadline = world.clock.now() + waitMs;
  const told = new Set<string>();
  for (;;) {
    const life = await readLife(host, gateway, world);
    const { process, bootId, calls } = life;
    if ((!life.alive && calls.length === 0) || world.clock.now() >= deadline) return life;
    const name = `${process?.pid} ${process?.startTime}`;
    if (process && !told.has(name)) await signalProcess(host, gateway, { ...process, bootId }, 'TERM');
    told.add(name);
    await world.clock.sleep(POLL_MS, world.signal);
  }
}
