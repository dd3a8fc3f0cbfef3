import type { Json } from '../core/json.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem, type ProblemCode } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { censusHere } from './census.ts';
import { copyIsWhole, oldUnchanged } from './copy.ts';
import { databasesSound } from './databases-sound.ts';
import { linesWhole } from './lines-whole.ts';
import { copyHasAll } from './nothing-lost.ts';

/** So many names are told. */
const NAMED = 3;

/** A moment later these look different, if it is only that the gateway wrote. */
const PASSING: readonly ProblemCode[] = ['inventory-shrank', 'database-damaged'];

/**
 * The comparison that a cutover makes after the stop, made while the old gateway runs: what differs because that writes on is told, and is no
 * verdict. What the old gateway owns has to be in the copy all the same: it is copied `again` and looked at once more before anything is said to be
 * missing. Where no gateway runs it is as strict as in a cutover.
 */
export function rehearsedCopy(plan: Plan, again: (world: World) => Promise<void>): Check {
  return {
    id: 'rehearsed-copy',
    title: 'The copy is the old machine, but for what its gateway writes meanwhile',
    async run(world) {
      const first = await compare(plan, world);
      if (plan.ranAs === 'stopped') return first;
      if (!first.some(({ code }) => PASSING.includes(code))) return first.map(asAside);
      await again(world);
      return (await compare(plan, world)).map(asAside);
    },
  };
}

/** Just as long as the last look before a commit; whatever has changed, a gateway that runs may change. */
export function stillAsRead(plan: Plan): Check {
  const check = oldUnchanged(plan);
  return {
    ...check,
    run: async (world) => (plan.ranAs === 'stopped' ? check.run(world) : check.run(world).then(() => [])),
  };
}

/** Nothing is left in the throwaway copy that a gateway would send when it starts. `plan` is that of the scratch. */
export function nothingWaits(plan: Plan): Check {
  return {
    id: 'nothing-waits',
    title: 'No message waits in the throwaway copy',
    async run(world) {
      const { queued } = await censusHere(world, plan);
      if (queued.length === 0) return [];
      return [
        problem('rehearsal-would-send', {
          message: `${queued.length} ${queued.length === 1 ? 'message waits' : 'messages wait'} in a database of the copy. A gateway that is started on it may send what the old one sends, too.`,
          hint: 'Rehearse again when the queue of the old gateway is empty. What a move would do, neo-pull plan shows without starting anything.',
        }),
      ];
    },
  };
}

async function compare(plan: Plan, world: World): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const check of [
    copyIsWhole(plan, { reusesHashes: true }),
    copyHasAll(plan, { isLive: true }),
    databasesSound(plan),
    linesWhole(plan),
  ])
    problems.push(...(await check.run(world)));
  return problems;
}

/** Nothing explains that something which was seen there twice is not in the copy. */
function asAside(found: Problem): Problem {
  if (!found.stops || found.code === 'inventory-shrank') return found;
  return problem('rehearsal-live', {
    message: `While the old gateway ran: ${inShort(found)}`,
    hint: 'This is no verdict: a move compares after the stop, and goes on only where nothing differs.',
    detail: { code: found.code },
  });
}

/** Of what differs the names are enough, for it is natural. */
function inShort({ code, message, detail }: Problem): string {
  if (code !== 'copy-differs' || !Array.isArray(detail)) return message;
  const paths = (detail as readonly Json[]).flatMap((one) => (isNamed(one) ? [one.path] : []));
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '';
  return `${paths.slice(0, NAMED).join(', ')}${more} changed.`;
}

function isNamed(detail: Json): detail is { readonly path: string } {
  return typeof detail === 'object' && detail !== null && 'path' in detail && typeof detail.path === 'string';
}
