import { join } from 'node:path';
import type { Gateway, Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { keep, type Step, type World } from '../core/step.ts';
import { quietEnv } from '../gateway/commands.ts';
import { launchForeground } from '../gateway/foreground.ts';
import { endGateway, isAs, waitForLife } from './wait-for-life.ts';

/**
 * Starts the new gateway with channels, cron and mail watchers off: it can be proven to work without a word having been said on the
 * identity. A quiet gateway left over from a crash is replaced, for nobody knows how far it came.
 */
export function startQuiet(plan: Plan): Step<null> {
  const gateway = plan.new.gateway;
  return {
    id: 'start-quiet',
    title: 'Start the new gateway with its channels off',
    touches: 'new',
    guards: true,
    before: () => Promise.resolve(null),
    async apply(world) {
      await end(world, gateway, plan.limits.stopMs);
      const logFile = join(world.run.path, 'gateway-quiet.log');
      await launchForeground(world.new, gateway, { extraEnv: quietEnv(gateway), logFile });
      const life = await waitForLife(world, { host: world.new, gateway }, 'up', plan.limits.startMs);
      if (!isAs(life, 'up')) throw neverUp(plan.limits.startMs, logFile);
    },
    undo: (world) => end(world, gateway, plan.limits.stopMs),
  };
}

/** Stops the quiet gateway before the commit. */
export function stopQuiet(plan: Plan): Step<null> {
  return {
    id: 'stop-quiet',
    title: 'Stop the quiet gateway',
    touches: 'new',
    before: () => Promise.resolve(null),
    apply: (world) => end(world, plan.new.gateway, plan.limits.stopMs),
    undo: keep('a quiet gateway is not started again on the way back'),
  };
}

async function end(world: World, gateway: Gateway, waitMs: number): Promise<void> {
  const after = await endGateway(world, { host: world.new, gateway }, waitMs);
  if (!after.alive) return;
  throw fail('new-did-not-stop', {
    message: `The gateway on this machine was told to stop and still lives after ${waitMs / 1000} s (pid ${after.process?.pid ?? 'unknown'}).`,
    hint: 'Stop it by hand on this machine.',
  });
}

function neverUp(waitMs: number, logFile: string): Error {
  return fail('new-did-not-start', {
    message: `The new gateway did not open its port within ${waitMs / 1000} s.`,
    hint: `See why: ${logFile}`,
  });
}
