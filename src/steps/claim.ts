import { fail } from '../core/problem.ts';
import type { Plan } from '../core/plan.ts';
import type { Step, World } from '../core/step.ts';
import { run, runOk } from '../host/run.ts';

// `ln` is the one exclusive act that every machine has: of two claims made at once, one link succeeds.
const CLAIM = `umask 077
mkdir -p -- "$1" && chmod 700 -- "$1" || exit 3
printf '%s\\n%s\\n' "$2" "$3" > "$1/claim.$2" || exit 3
ln -- "$1/claim.$2" "$1/claim" 2>/dev/null
rm -f -- "$1/claim.$2"
head -n 2 -- "$1/claim"`;

// A claim that was written and not made, and a folder that was left without one, go as well; one of another run stays with all in it.
const RELEASE = `if [ "$(head -n 1 -- "$1/claim" 2>/dev/null)" = "$2" ]; then
  rm -rf -- "$1/undo" && rm -f -- "$1/MOVED" "$1/claim" || exit 3
fi
rm -f -- "$1/claim.$2" || exit 3
rmdir -- "$1" "\${1%/*}" 2>/dev/null || :`;

/**
 * Claims the old gateway for this run: a durable file in our folder on the old machine, made exclusively. It is the lock against a
 * second neo-pull on a third machine, and later the marker of the fence. Throws `claimed` when another run holds it.
 */
export function claim(plan: Plan): Step<null> {
  const folder = claimFolder(plan);
  return {
    id: 'claim',
    title: 'Claim the old machine for this run',
    touches: 'old',
    before: () => Promise.resolve(null),
    async apply(world) {
      const args = ['/bin/sh', '-c', CLAIM, 'np', folder, plan.run, `${plan.new.user}@${plan.new.hostname}`];
      const { clock, signal } = world;
      const [holder, who] = (await runOk(world.old, args, { clock, signal })).stdout.toString().split('\n');
      if (holder !== plan.run) throw claimedBy(plan, holder ?? '', who ?? '');
    },
    async undo({ old, clock }) {
      const out = await run(old, ['/bin/sh', '-c', RELEASE, 'np', folder, plan.run], { clock });
      if (out.code !== 0) {
        throw fail('command-failed', {
          message: `Our folder ${folder} on the old machine could not be removed.`,
          hint: `On the old machine: rm -r '${folder}'`,
        });
      }
    },
  };
}

/**
 * Throws `claimed` when a run other than `mine` has claimed the old gateway: told before a long copy, and not after it. Read-only.
 * Whoever claims later is found by the step.
 */
export async function refuseClaimed(
  world: Pick<World, 'old' | 'clock' | 'signal'>,
  plan: Plan,
  mine: string | null,
): Promise<void> {
  const { old, clock, signal } = world;
  const { code, stdout } = await run(old, ['head', '-n', '2', '--', `${claimFolder(plan)}/claim`], { clock, signal });
  const [holder = '', who = ''] = stdout.toString().split('\n');
  if (code === 0 && holder !== mine) throw claimedBy(plan, holder, who);
}

/** Where the claim of this Profile and what an undo needs lie on the old machine. */
export function claimFolder(plan: Plan): string {
  return `${plan.oldFolder}/${plan.old.gateway.profile}`;
}

function claimedBy(plan: Plan, holder: string, who: string): Error {
  return fail('claimed', {
    message: `The old machine is claimed by run ${printableName(holder)} of ${printableName(who)}. Nothing was changed.`,
    hint: `Finish that run, or roll it back there (neo-pull rollback). If that machine is gone for good, on the old machine: rm '${claimFolder(plan)}/claim'`,
  });
}

function printableName(text: string): string {
  return text.replace(/[^\w.@-]/g, '?').slice(0, 80) || '(unknown)';
}
