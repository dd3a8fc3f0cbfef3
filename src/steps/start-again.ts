import type { Host } from '../core/host.ts';
import type { Gateway, Plan, RanAs } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { hasKept, launchForeground } from '../gateway/foreground.ts';
import { readLife, type Life } from '../gateway/life.ts';
import { byHand, isKeptUnseen, startService } from '../gateway/supervise.ts';
import { isAs, POLL_MS, waitForLife } from './wait-for-life.ts';

/** How a gateway ran before it was stopped: all that putting it back needs, apart from the files kept in `folder`. */
export type RanBefore = {
  readonly ran: RanAs;
  readonly enabled: boolean;
  /** In which way it starts by itself. */
  readonly enabledAs?: string | null;
  readonly process: { readonly pid: number; readonly startTime: string; readonly bootId: string } | null;
};

/** A gateway that is stopped and started again on its machine. */
export interface Subject {
  readonly host: (world: World) => Host;
  readonly gateway: Gateway;
  /** On the gateway's own machine, 0700: what a foreground gateway was started with. */
  readonly folder: (world: World) => string;
  readonly limits: Pick<Plan['limits'], 'stopMs' | 'startMs'>;
}

/** How the gateway runs now. Read-only. */
export async function ranBefore(world: World, subject: Subject): Promise<RanBefore> {
  const life = await readLife(subject.host(world), subject.gateway, world);
  const isKept = life.service?.active ?? (life.alive && isKeptUnseen(subject.gateway));
  const ran = isKept ? 'service' : life.process ? 'foreground' : 'stopped';
  const process = life.process && { pid: life.process.pid, startTime: life.process.startTime, bootId: life.bootId };
  return { ran, enabled: life.service?.enabled ?? false, enabledAs: life.service?.enabledAs ?? null, process };
}

/**
 * Starts the gateway the way it ran, unless it lives on, and waits until it serves. False, and nothing is started, for one in the foreground that
 * was never told to stop and is gone: nobody kept what it was started with. Repeatable. Throws `command-failed` where it does not come up.
 */
export async function startAgain(world: World, subject: Subject, before: RanBefore): Promise<boolean> {
  const host = subject.host(world);
  const { gateway, limits } = subject;
  if (!(await staysAlive(world, subject, before))) {
    const folder = subject.folder(world);
    if (before.ran === 'service') await startService(host, gateway, { ...world, waitMs: limits.startMs });
    else if (await hasKept(host, folder)) await launchForeground(host, gateway, { folder });
    // It is kept before it is told to stop: this one was ended by something else, a power cut say.
    else return false;
  }
  const life = await waitForLife(world, { host, gateway }, 'up', limits.startMs);
  if (isAs(life, 'up')) return true;
  throw fail('command-failed', {
    message: `The gateway on ${host.label} was told to start again and has not opened its port after ${limits.startMs / 1000} s.`,
    hint: `On that machine: ${(before.ran === 'service' && byHand(gateway, 'start')) || `${gateway.argv.join(' ')} gateway --port ${gateway.port}`}`,
  });
}

/**
 * Does it live, and go on living? One that was told to stop a moment ago, before a crash or Ctrl-C, lives on until it has drained; to
 * take it for running would leave nobody running.
 */
async function staysAlive(world: World, subject: Subject, before: RanBefore): Promise<boolean> {
  const host = subject.host(world);
  const deadline = world.clock.now() + subject.limits.stopMs;
  for (let isTold = false; ; isTold = true) {
    const life = await readLife(host, subject.gateway, world);
    if (!life.alive) return false;
    if (world.clock.now() >= deadline || !(await mayBeEnding(world, subject, { before, life }))) return true;
    if (!isTold) await world.emit({ type: 'notice', message: watched(host, subject) });
    await world.clock.sleep(POLL_MS, world.signal);
  }
}

/** A service shows it, unless the call that is to stop it has not come that far; a process has been told once it was kept. */
async function mayBeEnding(
  world: World,
  subject: Subject,
  { before, life }: { before: RanBefore; life: Life },
): Promise<boolean> {
  if (before.ran === 'service') return life.calls.length > 0 || life.service?.activeState !== 'active';
  const [was, is] = [before.process, life.process];
  // In its last moments a process cannot be seen any more, and its port still can.
  const isAnother = is !== null && (is.pid !== was?.pid || is.startTime !== was.startTime);
  return !isAnother && (await hasKept(subject.host(world), subject.folder(world)));
}

function watched(host: Host, { limits }: Subject): string {
  return `The gateway on ${host.label} still lives. It may have been told to stop, so it is watched for up to ${limits.stopMs / 1000} s.`;
}
