import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { readLife, type Life } from '../gateway/life.ts';

/** The gateway's process is there and its port is open. */
export function newAlive(plan: Plan): Check {
  return {
    id: 'new-alive',
    title: 'The new gateway runs',
    async run(world) {
      const life = await readLife(world.new, plan.new.gateway, world);
      if (life.alive && life.listening) return [];
      return [notRunning(plan, life.listening)];
    },
  };
}

/**
 * As `newAlive`, looked at again and again: it is also the same process as at the first look, and its service has not started it anew since.
 * For one watching; the first look is remembered.
 */
export function newSteady(plan: Plan): Check {
  let first: { pid: number | null; restarts: number } | null = null;
  return {
    id: 'new-steady',
    title: 'The new gateway runs on',
    async run(world) {
      const { life, isUp } = await lookTwice(world, plan);
      const now = { pid: life.process?.pid ?? null, restarts: life.service?.restarts ?? 0 };
      const isAnother = first !== null && now.pid !== null && first.pid !== null && now.pid !== first.pid;
      const wasRestarted = now.restarts > (isUp ? (first?.restarts ?? now.restarts) : 0);
      if (wasRestarted || isAnother || life.service?.activeState === 'activating')
        return [restarting(plan, now.restarts)];
      if (!isUp) return [notRunning(plan, life.listening)];
      first ??= now;
      return [];
    },
  };
}

/** One that has just ended is dead before its service says so: what is to be said of it shows at a second look. */
async function lookTwice(world: World, { new: { gateway } }: Plan): Promise<{ life: Life; isUp: boolean }> {
  const first = await readLife(world.new, gateway, world);
  const life = serves(first) ? first : await readLife(world.new, gateway, world);
  return { life, isUp: serves(life) };
}

function serves({ alive, listening }: Life): boolean {
  return alive && listening;
}

function restarting({ new: { gateway } }: Plan, restarts: number): Problem {
  const often = restarts > 1 ? `, ${restarts} times so far` : '';
  const log = gateway.unit === null ? 'gateway.log in the folder of the run' : `journalctl --user -u ${gateway.unit}`;
  return problem('new-restarts', {
    message: `The new gateway ended after it had come up, and was started again${often}.`,
    hint: `See why: ${log}. The old one is stopped and untouched; to give the gateway back to it: neo-pull rollback --after-commit`,
  });
}

function notRunning(plan: Plan, listening: boolean): Problem {
  return unhealthy(
    `The gateway on this machine does not run: ${listening ? 'its process is gone' : `port ${plan.new.gateway.port} is closed`}.`,
  );
}

/** A new gateway that is not as it should be. Pure. */
export function unhealthy(message: string): Problem {
  return problem('new-unhealthy', {
    message,
    hint: 'See the log of the gateway in the folder of the run, and the report (neo-pull report).',
  });
}
