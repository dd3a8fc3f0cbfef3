import { rm } from 'node:fs/promises';
import type { Host } from '../core/host.ts';
import type { Gateway, Plan, RanAs } from '../core/plan.ts';
import { fail, type ProblemCode } from '../core/problem.ts';
import type { Step, World } from '../core/step.ts';
import { askStop } from '../gateway/ask.ts';
import { hasKept, keepForeground, launchForeground, signalProcess } from '../gateway/foreground.ts';
import { readLife, type Life } from '../gateway/life.ts';
import {
  byHand,
  disableService,
  enableService,
  isKeptUnseen,
  startService,
  stopService,
} from '../gateway/supervise.ts';
import { claimFolder } from './claim.ts';
import { isAs, POLL_MS, waitForLife } from './wait-for-life.ts';

/** How a gateway ran before it was stopped: all that putting it back needs, apart from the files kept in `folder`. */
export type RanBefore = {
  readonly ran: RanAs;
  readonly enabled: boolean;
  /** In which way it starts by itself. */
  readonly enabledAs?: string | null;
  readonly process: { readonly pid: number; readonly startTime: string; readonly bootId: string } | null;
};

interface Subject {
  readonly host: (world: World) => Host;
  readonly gateway: Gateway;
  /** On the gateway's own machine, 0700: what a foreground gateway was started with. */
  readonly folder: (world: World) => string;
  readonly stuck: ProblemCode;
  readonly limits: Plan['limits'];
}

/** Stops the old gateway by its own means and waits until nothing of it is left; the product's word is not believed. */
export function stopOld(plan: Plan): Step<RanBefore> {
  const subject: Subject = {
    host: (world) => world.old,
    gateway: plan.old.gateway,
    folder: () => `${claimFolder(plan)}/undo`,
    stuck: 'old-did-not-stop',
    limits: plan.limits,
  };
  return {
    id: 'stop-old',
    title: 'Stop the old gateway',
    touches: 'old',
    // Below it lies only the claim, and with it what the old gateway is started with: that stays until it runs again.
    guards: true,
    before: (world) => ranBefore(world, subject),
    async apply(world, before) {
      await world.emit({ type: 'run.down' });
      await stop(world, subject, before);
    },
    async undo(world, before) {
      if (before.ran === 'stopped') return;
      await startAgain(world, subject, before);
      await world.emit({ type: 'run.up', gateway: 'old' });
    },
  };
}

/**
 * Stops a gateway that may run on the new machine already (a trial set-up), and keeps its service from coming back: a unit revived
 * after the swap would speak with the moved identity.
 */
export function stopNew(plan: Plan): Step<RanBefore> {
  const subject: Subject = {
    host: (world) => world.new,
    gateway: plan.new.gateway,
    folder: (world) => `${world.run.path}/undo-new/gateway`,
    stuck: 'new-did-not-stop',
    limits: plan.limits,
  };
  return {
    id: 'stop-new',
    title: 'Stop what runs on this machine in its place',
    touches: 'new',
    before: (world) => ranBefore(world, subject),
    async apply(world, before) {
      await stop(world, subject, before);
      if (before.enabled) await disableService(world.new, subject.gateway, world);
    },
    async undo(world, before) {
      if (before.enabled) await enableService(world.new, subject.gateway, { ...world, as: before.enabledAs ?? null });
      if (before.ran !== 'stopped') await startAgain(world, subject, before);
      // Kept any longer, it would be taken for how the gateway ran before the next try of this run.
      await rm(subject.folder(world), { recursive: true, force: true });
    },
  };
}

async function ranBefore(world: World, subject: Subject): Promise<RanBefore> {
  const life = await readLife(subject.host(world), subject.gateway, world);
  const isKept = life.service?.active ?? (life.alive && isKeptUnseen(subject.gateway));
  const ran = isKept ? 'service' : life.process ? 'foreground' : 'stopped';
  const process = life.process && { pid: life.process.pid, startTime: life.process.startTime, bootId: life.bootId };
  return { ran, enabled: life.service?.enabled ?? false, enabledAs: life.service?.enabledAs ?? null, process };
}

async function stop(world: World, subject: Subject, before: RanBefore): Promise<void> {
  if (before.ran === 'service') await stopByService(world, subject);
  else if (before.process) await stopByProcess(world, subject, before.process);
  const life = await waitForLife(world, { ...subject, host: subject.host(world) }, 'down', subject.limits.stopMs);
  if (life.alive) throw stuck(subject, life);
}

/**
 * The product's stop is asked first where the service is of its making, for it drains; what it answers does not matter, only what is
 * still alive then.
 */
async function stopByService(world: World, subject: Subject): Promise<void> {
  const host = subject.host(world);
  const { gateway, limits } = subject;
  if (!gateway.supervisor) await askStop(host, gateway, { ...world, timeoutMs: limits.stopMs });
  const life = await readLife(host, gateway, world);
  if (life.service?.active ?? (life.alive && isKeptUnseen(gateway)))
    await stopService(host, gateway, { ...world, waitMs: limits.stopMs });
}

async function stopByProcess(
  world: World,
  subject: Subject,
  process: NonNullable<RanBefore['process']>,
): Promise<void> {
  const host = subject.host(world);
  const life = await readLife(host, subject.gateway, world);
  if (life.process?.pid === process.pid) await keepForeground(host, subject.gateway, life, subject.folder(world));
  await signalProcess(host, subject.gateway, process, 'TERM');
}

async function startAgain(world: World, subject: Subject, before: RanBefore): Promise<void> {
  const host = subject.host(world);
  const { gateway, limits } = subject;
  if (!(await staysAlive(world, subject, before))) {
    if (before.ran === 'service') await startService(host, gateway, { ...world, waitMs: limits.startMs });
    else await launchForeground(host, gateway, { folder: subject.folder(world) });
  }
  const life = await waitForLife(world, { host, gateway }, 'up', limits.startMs);
  if (isAs(life, 'up')) return;
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

function stuck(subject: Subject, life: Life): Error {
  const seen = life.evidence.map((one) => `${one.kind} ${one.detail}`).join('; ');
  return fail(subject.stuck, {
    message: `The gateway was told to stop and still lives after ${subject.limits.stopMs / 1000} s: ${seen}.`,
    hint: 'Stop it by hand on that machine, then try again. It is never killed by force, for it may be writing.',
  });
}
