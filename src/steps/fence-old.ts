import type { Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { Step } from '../core/step.ts';
import { byHand, disableService, enableService, isKeptUnseen, readService, stopService } from '../gateway/supervise.ts';

/** In which way the old gateway started by itself before it was fenced. */
export type FenceBefore = { readonly enabled: boolean; readonly as?: string | null };

/**
 * Keeps the old gateway from coming back: its service is disabled, for a service that is merely stopped is revived by the next login,
 * ours included. A gateway without a service cannot be fenced; that is told as `advisory`.
 */
export function fenceOld(plan: Plan): Step<FenceBefore> {
  const gateway = plan.old.gateway;
  return {
    id: 'fence-old',
    title: 'Keep the old gateway from coming back',
    touches: 'old',
    async before(world) {
      const service = await readService(world.old, gateway, world);
      return { enabled: service?.enabled ?? false, as: service?.enabledAs ?? null };
    },
    async apply(world, before) {
      if (before.enabled) await disableService(world.old, gateway, world);
      const service = await readService(world.old, gateway, world);
      // A login between the stop and this may have revived it; disabled, it stays down now.
      if (before.enabled && service?.active) await stopService(world.old, gateway, world);
      if (service?.enabled) {
        throw fail('fence-failed', {
          message: `The service ${service.unit} on the old machine is still enabled after it was disabled.`,
          hint: `On the old machine, see why: ${byHand(gateway, 'disable') ?? service.unit}`,
        });
      }
      await world.emit(
        service?.installed
          ? { type: 'run.fenced', fence: 'enforced', how: `the service ${service.unit} is disabled` }
          : {
              type: 'run.fenced',
              fence: 'advisory',
              how: isKeptUnseen(gateway)
                ? 'it was stopped by a command of your own, and what that leaves behind is not known'
                : 'there is no service to disable; nothing but people can start it',
            },
      );
    },
    async undo(world, before) {
      if (before.enabled) await enableService(world.old, gateway, { ...world, as: before.as ?? null });
    },
  };
}
