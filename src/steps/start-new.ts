import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../core/plan.ts';
import { fail, problemOf } from '../core/problem.ts';
import type { Step, World } from '../core/step.ts';
import { askInstall } from '../gateway/ask.ts';
import { launchForeground } from '../gateway/foreground.ts';
import { readLife, type Life, type Stray } from '../gateway/life.ts';
import { byHand, disableService, isKeptUnseen, startService, stopService } from '../gateway/supervise.ts';
import { hasUnitFile, keepUnit, putUnitBack } from './unit-file.ts';
import { endGateway, isAs, waitForCalls, waitForLife } from './wait-for-life.ts';

type StartBefore = { readonly hadUnit: boolean };

/**
 * Starts the new gateway for real: as a service where this machine has a user service manager (`gateway install --force`, so that no
 * stale token of an earlier unit survives), else as a detached process. Undone by stopping it and putting back the unit that was there.
 */
export function startNew(plan: Plan): Step<StartBefore> {
  const gateway = plan.new.gateway;
  return {
    id: 'start-new',
    title: 'Start the new gateway',
    touches: 'new',
    guards: true,
    before: async () => ({ hadUnit: await hasUnitFile(gateway) }),
    async apply(world, before) {
      if (before.hadUnit) await keepUnit(gateway, world.run);
      // After a crash it may be up already; then it is not started a second time.
      if (!(await readLife(world.new, gateway, world)).alive) {
        await refuseIfOldLives(world, plan);
        await start(world, plan);
      }
      const life = await waitForLife(world, { host: world.new, gateway }, 'up', plan.limits.startMs);
      if (!isAs(life, 'up')) throw neverUp(plan);
      const strays = life.process?.strays ?? [];
      if (strays.some(({ what }) => what === 'state dir')) throw elsewhere(strays);
      await world.emit({ type: 'run.up', gateway: 'new' });
    },
    async undo(world, before) {
      const life = await waitForCalls(world, { host: world.new, gateway }, plan.limits.startMs);
      if (life.service?.active ?? (life.alive && isKeptUnseen(gateway))) await stopService(world.new, gateway, world);
      if (life.service?.enabled) await disableService(world.new, gateway, world);
      const after = await endGateway(world, { host: world.new, gateway }, plan.limits.stopMs);
      if (after.alive) throw stillUp(plan, after);
      await putUnitBack(gateway, world, before.hadUnit);
    },
  };
}

/** Between the commit and this there may lie a crash, and a person who started the old gateway meanwhile. Throws `old-alive`. */
async function refuseIfOldLives(world: World, plan: Plan): Promise<void> {
  const life = await readLife(world.old, plan.old.gateway, world).catch(async (error: unknown) => {
    const { code, message } = problemOf(error);
    if (code !== 'connection-lost') throw error;
    // It was down and fenced at the commit; a line that does not come back must not leave nobody running.
    await world.emit({ type: 'notice', message: `The old machine could not be looked at once more: ${message}` });
    return null;
  });
  if (!life?.alive) return;
  throw fail('old-alive', {
    message: 'The old gateway runs again, so the new one was not started.',
    hint: 'Somebody or something started it. Everything is put back; then try again.',
  });
}

async function start(world: World, plan: Plan): Promise<void> {
  const gateway = plan.new.gateway;
  if (gateway.supervisor) {
    await startService(world.new, gateway, { ...world, waitMs: plan.limits.startMs });
  } else if (gateway.unit === null) {
    const logFile = join(world.run.path, 'gateway.log');
    // What an earlier try of this run said is not this one's.
    await rm(logFile, { force: true });
    await launchForeground(world.new, gateway, { logFile });
  } else {
    await askInstall(world.new, gateway, { ...world, timeoutMs: plan.limits.startMs });
  }
}

function elsewhere(strays: readonly Stray[]): Error {
  const words = strays.map(({ what, is }) => `${what} ${is}`).join(', ');
  return fail('new-serves-elsewhere', {
    message: `The new gateway was started with another ${words}, and not with what was moved.`,
    hint: 'See what the service is started with: systemctl --user cat, and systemctl --user show-environment.',
  });
}

function neverUp(plan: Plan): Error {
  return fail('new-did-not-start', {
    message: `The new gateway was started and did not open port ${plan.new.gateway.port} within ${plan.limits.startMs / 1000} s.`,
    hint: plan.new.gateway.supervisor
      ? `See what this says: ${byHand(plan.new.gateway, 'start') ?? ''}`
      : plan.new.gateway.unit === null
        ? 'See gateway.log in the folder of the run.'
        : `See why: journalctl --user -u ${plan.new.gateway.unit}`,
  });
}

function stillUp(plan: Plan, life: Life): Error {
  return fail('new-did-not-stop', {
    message: `The new gateway was told to stop and still lives after ${plan.limits.stopMs / 1000} s (pid ${life.process?.pid ?? 'unknown'}).`,
    hint: 'Stop it by hand on this machine.',
  });
}
