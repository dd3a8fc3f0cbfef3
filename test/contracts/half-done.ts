import type { Json } from '../../src/core/json.ts';
import type { World } from '../../src/core/step.ts';
import { installCommand } from '../../src/gateway/commands.ts';
import type { Traps } from '../kit/stand-in/traps.ts';
import type { SideName } from '../kit/temp-lab.ts';
import type { Stop } from './journey.ts';

type Partial = (stop: Stop, before: Json) => Promise<void>;

const TAKES_MS = 1200;

/** All was said and done, but nobody waited for it: the gateway is about to end, and still lives. */
export function whileItStops(side: SideName): Partial {
  return without(side, { 'slow-stop': TAKES_MS });
}

/** All was said and done, but nobody waited for it: the gateway is about to serve, and heeds no signal until then. */
export function whileItStarts(side: SideName): Partial {
  return without(side, { 'slow-start': TAKES_MS });
}

/** The call that makes and starts the service is under way, and nobody waits for it any more. */
export async function whileItInstalls({ plan, world }: Stop): Promise<void> {
  const { argv, env, cwd } = installCommand(plan.new.gateway);
  const call = await world.new.spawn(argv, { env, cwd });
  call.stdin.end();
  call.stdout.resume();
  call.stderr.resume();
}

/** Applies the step as far as it goes without waiting. */
function without(side: SideName, slowly: Traps): Partial {
  return async ({ step, world, lab }, before) => {
    lab.setTraps(side, slowly);
    const impatient: World = {
      ...world,
      clock: { now: () => world.clock.now(), sleep: () => Promise.reject(new Error('a crash')) },
    };
    await step()
      .apply(impatient, before)
      .catch(() => undefined);
    lab.setTraps(side, {});
  };
}
