import { writeFile } from 'node:fs/promises';
import {
  countsOf,
  everyKind,
  KINDS,
  lostBetween,
  spoiledBetween,
  type Census,
  type Kind,
  type Lost,
  type Unread,
} from '../core/census.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import type { Check, World } from '../core/step.ts';
import { censusFile, censusHere, censusOfBoth, readCensus } from './census.ts';
import { together } from './together.ts';

/** So many names are told; the rest is counted. */
const TOLD = 5;

/** After the stop (`isLive`: before it): whatever the old gateway owns, by name, is in the copy. What it owns is kept in the run's folder. */
export function copyHasAll(plan: Plan, { isLive = false }: { isLive?: boolean } = {}): Check {
  return {
    id: 'copy-has-all',
    title: 'The copy has every agent, session, job and credential of the old gateway',
    async run(world) {
      const { old, copy } = await censusOfBoth(world, plan, { isLive });
      await writeFile(censusFile(world.run), JSON.stringify(old), { mode: 0o600, flush: true });
      await world.emit({ type: 'run.counted', tree: 'old', counts: countsOf(old) });
      await world.emit({ type: 'run.counted', tree: 'copy', counts: countsOf(copy) });
      await tellUnread(world, old.unread, 'on the old machine');
      await tellUnread(world, copy.unread, 'in the copy');
      return lossOf(old, copy, { where: 'the copy', kinds: everyKind() });
    },
  };
}

/** After doctor, with the new gateway up: nothing of that has been renamed, archived or dropped. Messages may have been sent meanwhile. */
export function nothingLost(plan: Plan): Check {
  return {
    id: 'nothing-lost',
    title: 'Doctor and the new gateway kept every agent, session, job and credential',
    async run(world) {
      const [old, live] = await together([readCensus(world.run), censusHere(world, plan)]);
      await world.emit({ type: 'run.counted', tree: 'new', counts: countsOf(live) });
      await tellUnread(world, live.unread, 'here');
      const kinds = everyKind().filter((kind) => kind !== 'queued');
      return lossOf(old, live, { where: 'the new gateway', kinds });
    },
  };
}

/** Right after doctor has changed something: the same, before a gateway is started on what it left. Tells no numbers, for they are told then. */
export function doctorLostNothing(plan: Plan): Check {
  return {
    id: 'doctor-lost-nothing',
    title: 'Doctor kept every agent, session, job and credential',
    async run(world) {
      const [old, live] = await together([readCensus(world.run), censusHere(world, plan)]);
      return lossOf(old, live, { where: 'what doctor left', kinds: everyKind() });
    },
  };
}

/** What is not known is said by name: it is no nothing. */
async function tellUnread(world: World, unread: readonly Unread[], where: string): Promise<void> {
  if (unread.length === 0) return;
  const names = unread.map(
    ({ file, why }) => `${file} (${why ?? 'neither its Node nor a sqlite3 command can read it'})`,
  );
  const uncounted = problem('inventory-unknown', {
    message: `What is in ${names.join(', ')} was not counted ${where}.`,
    hint: 'That it has arrived whole was compared byte for byte. Look yourself at what is to be in it: neo-pull report',
    detail: unread.map(({ file, why }) => ({ file, why })),
  });
  await world.emit({ type: 'run.warned', problem: uncounted });
}

function lossOf(old: Census, is: Census, { where, kinds }: { where: string; kinds: readonly Kind[] }): Problem[] {
  const lost = lostBetween(old, is, kinds);
  const spoiled = spoiledBetween(old, is).map(({ file, why }) => `${file} cannot be read any more (${why ?? ''})`);
  if (lost.length + spoiled.length === 0) return [];
  const words = [...everyKind().flatMap((kind) => wordsFor(kind, lost)), ...spoiled];
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
