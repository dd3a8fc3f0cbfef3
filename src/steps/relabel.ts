import type { Plan } from '../core/plan.ts';
import { livePlaces } from '../core/only-files.ts';
import type { World } from '../core/step.ts';
import { pasteable } from '../host/pasteable.ts';
import { run } from '../host/run.ts';

const RELABEL_MS = 5 * 60_000;

/**
 * Where SELinux is enforced, gives what was swapped in the labels that its place has by the policy: renamed, it has kept those of the
 * staging folder. Repeatable. Where that cannot be done it is told with the command, for the gateway may run all the same.
 */
export async function relabel(plan: Plan, { new: here, emit, clock, signal }: World): Promise<void> {
  if (plan.new.selinux !== true) return;
  const argv = ['restorecon', '-R', ...plan.roots.flatMap(livePlaces)];
  const done = await run(here, argv, { clock, signal, timeoutMs: RELABEL_MS }).catch(() => null);
  if (done?.code === 0) return;
  signal.throwIfAborted();
  const message = `The SELinux labels could not be restored. If the gateway is denied access: sudo ${argv.map(pasteable).join(' ')}`;
  await emit({ type: 'notice', message });
}
