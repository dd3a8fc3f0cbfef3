import { rehearsalRoom } from '../checks/rehearsal-room.ts';
import { EXIT } from '../core/exit.ts';
import type { Plan } from '../core/plan.ts';
import { fail, problem, problemOf, type Problem } from '../core/problem.ts';
import { forecastRehearsed } from '../core/rehearsal-forecast.ts';
import { inScratch, rehearsalOf } from '../core/rehearsal-plan.ts';
import { anyOpen } from '../core/running.ts';
import { stepTimes } from '../core/step-times.ts';
import { readLife } from '../gateway/life.ts';
import { freePort } from '../host/free-port.ts';
import { rehearsal, staging, type Seen } from '../migrate.ts';
import { Journal } from '../run/journal.ts';
import { advance, unwind } from '../run/runner.ts';
import { createRun } from '../run/runs.ts';
import { alreadyMoved } from './already-moved.ts';
import { lock, lookAt, refuse, show, tellStart } from './begin.ts';
import { clearRehearsals } from './clear-rehearsal.ts';
import { incomplete } from './cut-over.ts';
import { allRuns, earlierRun, isMoved } from './earlier-run.ts';
import { knownParts } from './follow.ts';
import { isSeveral } from './several.ts';
import {
  asFound,
  conclude,
  contextOf,
  planOf,
  stateOf,
  stopped,
  type Request,
  type Tools,
  type Verdict,
  type Visit,
} from './visit.ts';

const REHEARSED_ONLY =
  'This is the plan of the move. It is only rehearsed now, on a throwaway copy: nothing is stopped, and nothing goes live.';

/** So many ports are looked at before one is taken whose neighbours are not all free. */
const PORTS_TRIED = 10;

/**
 * `neo-pull rehearse user@old`: look, stage, and make the whole cutover on a throwaway copy, with a gateway that says nothing. The old machine is
 * only read. Whatever comes of it, nothing is left but the report and staging.
 */
export function rehearse(tools: Tools, request: Request): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    if (isSeveral(request)) throw oneByOne();
    const seen = await lookAt(visit, request, { asksChannels: false });
    const { plan, problems, inventory, staged } = seen;
    const earlier = await earlierRun(tools.stateHome, plan.key);
    if (earlier && isMoved(earlier.state)) return alreadyMoved(visit, earlier);
    await show(visit, seen);
    // What a move would park stays where it is.
    refuse(problems.filter((found) => found.code !== 'live-exists'));
    refuse(await rehearsalRoom(inventory, staged));
    await visit.bus.emit({ type: 'notice', message: REHEARSED_ONLY });
    await beginRehearsal(visit, seen);
    const agreed = planOf(visit);
    try {
      await advance([...staging(agreed), ...rehearsal(agreed)], contextOf(visit));
    } catch (error) {
      return takeAway(visit, problemOf(error));
    }
    await tellForecast(visit, agreed);
    return { outcome: 'rehearsed', running: asFound(agreed), exitCode: EXIT.done, problem: null };
  });
}

/** A run of its own under the lock of the move, whose staging it brings up to date. */
async function beginRehearsal(visit: Visit, seen: Seen): Promise<void> {
  const { clock, stateHome } = visit.tools;
  const { key, target } = seen.plan;
  await lock(visit, key);
  await clearRehearsals(visit, key);
  visit.folder = await createRun(stateHome, clock);
  const { id, path } = visit.folder;
  visit.journal = await Journal.create(path, clock, id);
  await tellStart(visit, target);
  const plan = await withFreePorts(visit, (port) => rehearsalOf(seen, { run: id, port }));
  await visit.bus.emit({ type: 'plan.made', plan });
}

/** With a port of which those that a gateway takes beside it are free, too. */
async function withFreePorts({ tools }: Visit, planFor: (port: number) => Plan): Promise<Plan> {
  const { here, clock, interrupt } = tools;
  for (let tried = 1; ; tried += 1) {
    const plan = planFor(await freePort());
    const life = await readLife(here, inScratch(plan).new.gateway, { clock, signal: interrupt.signal });
    if (tried >= PORTS_TRIED || (life.portTakenBy === null && life.morePortsTaken.length === 0)) return plan;
  }
}

/** Removes the scratch, and ends with what went wrong. */
async function takeAway(visit: Visit, cause: Problem): Promise<Verdict> {
  const steps = rehearsal(planOf(visit));
  const why = isTorn(visit, cause) ? torn(cause) : cause;
  visit.tools.interrupt.shield();
  if (anyOpen(stateOf(visit), steps)) {
    await visit.bus.emit({ type: 'run.unwinding', problem: why });
    const { failures } = await unwind(steps, contextOf(visit));
    if (failures.length > 0) return incomplete(visit, failures);
  }
  return stopped(visit, why);
}

/** Was the copy taken in the middle of a write, and could the rehearsal not go on for that? */
function isTorn({ journal }: Visit, { code }: Problem): boolean {
  if (code !== 'rewrite-failed') return false;
  return (journal?.events ?? []).some(
    (event) => event.type === 'run.warned' && event.problem.code === 'rehearsal-live',
  );
}

function torn(cause: Problem): Problem {
  return problem('rehearsal-torn', {
    message: `The copy was taken while the old gateway wrote, and cannot be rehearsed with: ${cause.message}`,
    hint: 'This is no verdict on a move, which copies after the stop. Rehearse again when less is written.',
    detail: { code: cause.code },
  });
}

async function tellForecast(visit: Visit, plan: Plan): Promise<void> {
  const times = stepTimes(visit.journal?.events ?? []);
  const before = (await allRuns(visit.tools.stateHome)).findLast(
    ({ state, events }) => state.plan?.key === plan.rehearsal?.key && events.some(({ type }) => type === 'run.down'),
  );
  const earlier = before ? knownParts(before.events) : new Map<string, number>();
  await visit.bus.emit({ type: 'run.rehearsed', forecast: forecastRehearsed(plan, times, earlier) });
}

function oneByOne(): Error {
  return fail('usage', {
    message: 'One gateway is rehearsed at a time. Nothing was changed.',
    hint: 'Name one of them, then the next: --profile NAME',
  });
}
