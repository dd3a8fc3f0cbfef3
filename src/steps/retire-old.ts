import type { Plan } from '../core/plan.ts';
import { problemOf } from '../core/problem.ts';
import { keep, type Step } from '../core/step.ts';
import { runOk } from '../host/run.ts';
import { claimFolder } from './claim.ts';

const RETIRE = `umask 077
rm -rf -- "$1/dead-man"
{ printf '%s\\n' "The gateway of this account moved to $2 (neo-pull run $3)." \\
    'Its data here is untouched, and it does not start by itself any more. To bring it back, on that machine:' \\
    "  neo-pull rollback $3    gives it back as a whole" \\
    "  neo-pull unfence $3     only lets it start here as before, once the new one is stopped and disabled"; } > "$1/MOVED"`;

/** Leaves word on the old machine where its gateway went. The fence and the claim stay; the data is untouched. */
export function retireOld(plan: Plan): Step<null> {
  const folder = claimFolder(plan);
  return {
    id: 'retire-old',
    title: 'Leave word on the old machine',
    touches: 'old',
    before: () => Promise.resolve(null),
    async apply({ old, clock, emit }) {
      const whereTo = `${plan.new.user}@${plan.new.hostname}`;
      await runOk(old, ['/bin/sh', '-c', RETIRE, 'np', folder, whereTo, plan.run], { clock }).catch(
        async (error: unknown) => {
          // The note is a courtesy: the move stands without it.
          if (problemOf(error).code === 'bug') throw error;
          await emit({ type: 'notice', message: `No word was left on the old machine: ${problemOf(error).message}` });
        },
      );
    },
    undo: keep('the claim takes the whole folder with it when it is undone'),
  };
}
