import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stateOf } from '../core/decide.ts';
import type { Plan } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { keep, type Check, type Step } from '../core/step.ts';

/** What a gateway takes up again when it starts, whether its channels are on or not: answers of sub-agents that were at work are sent, too. */
const TAKEN_UP = 'subagents/runs.json';
const QUEUE = 'delivery-queue';

/**
 * Takes out of the throwaway copy what a gateway sends when it starts: the old gateway, which runs on, sends it. `nothingWaits` sees that there
 * is none left, for a queue may lie in a database too. `plan` is that of the scratch.
 */
export function holdQueue(plan: Plan, nothingWaits: Check): Step<null> {
  return {
    id: 'hold-queue',
    title: 'Take waiting messages out of the throwaway copy',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const { livePath } = stateOf(plan.roots);
      const queue = join(livePath, QUEUE);
      const names = await readdir(queue).catch(() => []);
      const waiting = names.filter((name) => name.endsWith('.json'));
      for (const path of [...waiting.map((name) => join(queue, name)), join(livePath, TAKEN_UP)])
        await rm(path, { force: true });
      const stopping = (await nothingWaits.run(world)).find(({ stops }) => stops);
      if (stopping) throw new ProblemError(stopping);
    },
    undo: keep('the old gateway and staging have them all'),
  };
}
