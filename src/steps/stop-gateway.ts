import { rm } from 'node:fs/promises';
import type { Plan } from '../core/plan.ts';
import { fail, type ProblemCode } from '../core/problem.ts';
import type { Step, World } from '../core/step.ts';
import { askStop } from '../gateway/ask.ts';
import { keepForeground, signalProcess } from '../gateway/foreground.ts';
import { readLife, type Life } from '../gateway/life.ts';
import { disableService, enableService, isKeptUnseen, stopService } from '../gateway/supervise.ts';
import { claimFolder } from './claim.ts';
import { leaveToDeadMan } from './dead-man-client.ts';
import { ranBefore, startAgain, type RanBefore, type Subject } from './start-again.ts';
import { waitForLife } from './wait-for-life.ts';

interface Stopped extends Subject {
  readonly stuck: ProblemCode;
}

/** Stops the old gateway by its own means and waits until nothing of it is left; the product's word is not believed. */
export function stopOld(plan: Plan): Step<RanBefore> {
  const subject: Stopped = {
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
      // As long as a dead-man's switch may start it, nobody else does.
      await leaveToDeadMan(plan, world);
      const runs = await startAgain(world, subject, before);
      if (runs) await world.emit({ type: 'run.up', gateway: 'old' });
    },
  };
}

/**
 * Stops a gateway that may run on the new machine already (a trial set-up), and keeps its service from coming back: a unit revived
 * after the swap would speak with the moved identity.
 */
export function stopNew(plan: Plan): Step<RanBefore> {
  const subject: Stopped = {
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

async function stop(world: World, subject: Stopped, before: RanBefore): Promise<void> {
  if (before.ran === 'service') await stopByService(world, subject);
  else if (before.process) await stopByProcess(world, subject, before.process);
  const life = await waitForLife(world, { ...subject, host: subject.host(world) }, 'down', subject.limits.stopMs);
  if (life.alive) throw stuck(subject, life);
}

/**
 * The product's stop is asked first where the service is of its making, for it drains; what it answers does not matter, only what is
 * still alive then.
 */
async function stopByService(world: World, subject: Stopped): Promise<void> {
  const host = subject.host(world);
  const { gateway, limits } = subject;
  if (!gateway.supervisor) await askStop(host, gateway, { ...world, timeoutMs: limits.stopMs });
  const life = await readLife(host, gateway, world);
  if (life.service?.active ?? (life.alive && isKeptUnseen(gateway)))
    await stopService(host, gateway, { ...world, waitMs: limits.stopMs });
}

async function stopByProcess(
  world: World,
  subject: Stopped,
  process: NonNullable<RanBefore['process']>,
): Promise<void> {
  const host = subject.host(world);
  const life = await readLife(host, subject.gateway, world);
  if (life.process?.pid === process.pid) await keepForeground(host, subject.gateway, life, subject.folder(world));
  await signalProcess(host, subject.gateway, process, 'TERM');
}

function stuck(subject: Stopped, life: Life): Error {
  const seen = life.evidence.map((one) => `${one.kind} ${one.detail}`).join('; ');
  return fail(subject.stuck, {
    message: `The gateway was told to stop and still lives after ${subject.limits.stopMs / 1000} s: ${seen}.`,
    hint: 'Stop it by hand on that machine, then try again. It is never killed by force, for it may be writing.',
  });
}
