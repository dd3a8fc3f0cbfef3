import { writeFile } from 'node:fs/promises';
import { countsOf, everyKind, KINDS, lostBetween, type Kind, type Lost } from '../core/census.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check } from '../core/step.ts';
import { censusFile, censusOfTree, readCensus } from './census.ts';
import { together } from './together.ts';

/** So many names are told; the rest is counted. */
const TOLD = 5;

/** After the stop: whatever the old gateway owns, by name, is in the copy. What it owns is kept in the run's folder. */
export function copyHasAll(plan: Plan): Check {
  return {
    id: 'copy-has-all',
    title: 'The copy has every agent, session, job and credential of the old gateway',
    async run(world) {
      const [old, copy] = await together([censusOfTree(world, plan, 'old'), censusOfTree(world, plan, 'staged')]);
      await writeFile(censusFile(world.run), JSON.stringify(old), { mode: 0o600, flush: true });
      await world.emit({ type: 'run.counted', tree: 'old', counts: countsOf(old) });
      await world.emit({ type: 'run.counted', tree: 'copy', counts: countsOf(copy) });
      return lossOf(lostBetween(old, copy, everyKind()), 'the copy');
    },
  };
}

/** After doctor, with the new gateway up: nothing of that has been renamed, archived or dropped. Messages may have been sent meanwhile. */
export function nothingLost(plan: Plan): Check {
  return {
    id: 'nothing-lost',
    title: 'Doctor and the new gateway kept every agent, session, job and credential',
    async run(world) {
      const [old, live] = await together([readCensus(world.run), censusOfTree(world, plan, 'live')]);
      await world.emit({ type: 'run.counted', tree: 'new', counts: countsOf(live) });
      const kinds = everyKind().filter((kind) => kind !== 'queued');
      return lossOf(lostBetween(old, live, kinds), 'the new gateway');
    },
  };
}

function lossOf(lost: readonly Lost[], where: string): Problem[] {
  if (lost.length === 0) return [];
  const words = everyKind().flatMap((kind) => wordsFor(kind, lost));
  return [
    problem('inventory-shrank', {
      message: `What the old gateway owns is not all in ${where}: ${words.join('; ')}.`,
      hint: 'Nothing is lost on the old machine. See what the names have in common, then try again: neo-pull report',
      detail: lost.slice(0, 200).map(({ kind, name }) => ({ kind, name })),
    }),
  ];
}

function wordsFor(kind: Kind, lost: readonly Lost[]): string[] {
  const names = lost.filter((one) => one.kind === kind).map((one) => one.name);
  if (names.length === 0) return [];
  const more = names.length > TOLD ? ` and ${names.length - TOLD} more` : '';
  return [`${names.length} ${KINDS[kind][names.length === 1 ? 0 : 1]} (${names.slice(0, TOLD).join(', ')}${more})`];
}
