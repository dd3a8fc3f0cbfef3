import { lostSince } from '../checks/roots-there.ts';
import { surveyIdentity } from '../checks/survey.ts';
import type { Host } from '../core/host.ts';
import type { Connect, Plan } from '../core/plan.ts';
import { planChanges } from '../core/plan-changes.ts';
import { fail, ProblemError, PROBLEMS, type Problem } from '../core/problem.ts';
import { EXIT } from '../core/exit.ts';
import { EMPTY_RUN } from '../core/run-state.ts';
import { run } from '../host/run.ts';
import type { LookRequest } from '../checks/gather.ts';
import { look, type Seen } from '../migrate.ts';
import { Journal } from '../run/journal.ts';
import { acquireLock } from '../run/lock.ts';
import { createRun } from '../run/runs.ts';
import { refuseClaimed } from '../steps/claim.ts';
import { agreedPlan, refuseIfChanged, type EarlierRun } from './earlier-run.ts';
import { clearRehearsals } from './clear-rehearsal.ts';
import { waitForLeftOver } from './left-over.ts';
import { connectTo, planOf, worldOf, type Request, type Visit } from './visit.ts';

/**
 * Connects, looks at both machines and decides. Changes nothing; all Problems of the look are told, none is thrown. With
 * `asksChannels` a move is to follow: throws `account-read-only` where that is not to be.
 */
export async function lookAt(
  visit: Visit,
  request: Request,
  { asksChannels }: { asksChannels: boolean },
): Promise<Seen> {
  const machines = await reach(visit, request, { asksChannels });
  await visit.bus.emit({ type: 'notice', message: 'Looking at both machines' });
  return lookOn(visit, machines, { ...request, asksChannels });
}

/** Connects. With `asksChannels` a move is to follow: throws `account-read-only` where that is not to be. */
export async function reach(
  visit: Visit,
  { connect }: Request,
  { asksChannels }: { asksChannels: boolean },
): Promise<{ old: Host; new: Host }> {
  const { user, host } = connect;
  await visit.bus.emit({ type: 'notice', message: `Connecting to ${user === null ? '' : `${user}@`}${host}` });
  visit.old = await connectTo(visit, connect);
  if (asksChannels) await refuseReadOnly(visit);
  return { old: visit.old, new: visit.tools.here };
}

/** Looks at one gateway and decides, over the Connection that there is; see `lookAt`. */
export async function lookOn(
  visit: Visit,
  machines: { old: Host; new: Host },
  request: Omit<LookRequest, 'replace'>,
): Promise<Seen> {
  const { clock, interrupt, ask } = visit.tools;
  const replace = request.asked.replace || ask !== null;
  const around = { clock, emit: visit.bus.emit, signal: interrupt.signal };
  const seen = await look(machines, { ...request, replace }, around);
  visit.known = { ...EMPTY_RUN, plan: seen.plan };
  return seen;
}

/**
 * Throws `account-read-only` where the account only lets a look and a copy through: told before a long look and copy, and not after
 * it. A command that does nothing says so, for no plan and no sync runs it.
 */
async function refuseReadOnly({ old, tools }: Visit): Promise<void> {
  if (!old) throw new Error('the old machine was not looked at');
  const { clock, interrupt } = tools;
  await run(old, ['true'], { clock, signal: interrupt.signal });
}

/** Tells what was seen and decided, before anything is refused, asked or done. */
export async function show({ bus }: Visit, { plan, problems }: Seen): Promise<void> {
  await bus.emit({ type: 'plan.shown', plan, problems });
}

/** Throws the first Problem that stops; what only needs a word of consent comes last. */
export function refuse(problems: readonly Problem[]): void {
  const stopping = problems.filter((found) => found.stops);
  const first = stopping.find((found) => PROBLEMS[found.code].exit !== EXIT.confirmation) ?? stopping[0];
  if (first) throw new ProblemError(first);
}

/** Throws `claimed` when another run has claimed the old gateway, so that nothing is copied in vain. Read-only. */
export async function refuseOthersClaim({ old, tools }: Visit, plan: Plan, mine: EarlierRun | null): Promise<void> {
  if (!old) throw new Error('the old machine was not looked at');
  const { clock, interrupt } = tools;
  await refuseClaimed({ old, clock, signal: interrupt.signal }, plan, mine?.folder.id ?? null);
}

/** Takes the lock and makes the Plan durable: in a new run, or in the earlier one, whose copy is taken up. */
export async function beginRun(visit: Visit, seen: Plan, earlier: EarlierRun | null): Promise<void> {
  const { clock, stateHome } = visit.tools;
  await lock(visit, seen.key);
  await clearRehearsals(visit, seen.key);
  await refuseIfChanged(stateHome, earlier, seen.key);
  visit.folder = earlier?.folder ?? (await createRun(stateHome, clock));
  const { id, path } = visit.folder;
  visit.journal = earlier ? await Journal.open(path, clock, id) : await Journal.create(path, clock, id);
  await tellStart(visit, seen.target);
  const agreed = visit.journal.state.plan;
  if (agreed) await refuseVanished(visit, agreed, seen);
  if (agreed) await revise(visit, seen);
  else await visit.bus.emit({ type: 'plan.made', plan: named(seen, id) });
}

/** Throws what would let an accident on the old machine into staging: what the agreed Plan moves is gone there, or empty. Read-only. */
export async function refuseVanished({ old, tools }: Visit, agreed: Plan, seen: Plan): Promise<void> {
  if (!old) throw new Error('the old machine was not looked at');
  const { clock, interrupt } = tools;
  refuse(await lostSince(agreed, seen, { old, clock, signal: interrupt.signal }));
}

/** Makes what a new look has decided the Plan of the run. Returns whether more than sizes changed. */
export async function revise(visit: Visit, seen: Plan): Promise<boolean> {
  const agreed = planOf(visit);
  const plan = named(seen, agreed.run);
  const { lines, needsConsent } = planChanges(agreed, plan);
  await visit.bus.emit({ type: 'plan.revised', plan, changes: lines });
  return needsConsent;
}

/** Opens an earlier run as it is, without a new look. Throws `machine-changed` when another machine answers for the old one. */
export async function reopen(visit: Visit, earlier: EarlierRun, connect: Partial<Connect>): Promise<void> {
  const agreed = agreedPlan(earlier);
  const { clock, interrupt } = visit.tools;
  visit.folder = earlier.folder;
  await lock(visit, agreed.key);
  await refuseIfChanged(visit.tools.stateHome, earlier, agreed.key);
  visit.journal = await Journal.open(earlier.folder.path, clock, earlier.folder.id);
  visit.old = await connectTo(visit, { ...agreed.connect, ...connect });
  const { machineId } = await surveyIdentity(visit.old, { clock, signal: interrupt.signal });
  await insistOnMachine(agreed, machineId);
  await tellStart(visit, agreed.target);
  if (earlier.state.finished) return;
  const world = worldOf(visit);
  const sides = [
    { host: world.old, gateway: agreed.old.gateway },
    { host: world.new, gateway: agreed.new.gateway },
  ];
  await Promise.all(sides.map((side) => waitForLeftOver(world, side)));
}

/** Throws `machine-changed` unless this is the old machine that the Plan was made for. */
export function insistOnMachine(agreed: Plan, machineId: string): Promise<void> {
  if (machineId === agreed.old.machineId) return Promise.resolve();
  throw fail('machine-changed', {
    message: `${agreed.connect.host} is not the machine this run began with (${agreed.old.hostname}): its machine id is another.`,
    hint: 'Check the address. For a different old machine begin a new run: neo-pull plan user@host',
  });
}

/** Takes the lock on a move, for as long as the visit lasts. Throws `locked`. */
export async function lock(visit: Visit, key: string): Promise<void> {
  const { stateHome, clock, command } = visit.tools;
  visit.lock = await acquireLock(stateHome, { key, run: visit.folder?.id ?? '', command, clock });
}

/** From here on what is told goes into the Journal of the visit's run. */
export async function tellStart(visit: Visit, target: string): Promise<void> {
  const { journal, folder, bus, tools } = visit;
  if (!journal || !folder) throw new Error('the run is not open');
  bus.attach(journal, folder.id);
  await bus.emit({ type: 'run.started', command: tools.command, version: tools.version, target });
}

/** The Plan was decided before its run had a name. */
function named(seen: Plan, run: string): Plan {
  const roots = seen.roots.map((root) => ({
    ...root,
    parkedPath: root.parkedPath.replace(/\.parked-[^/]*$/, `.parked-${run}`),
  }));
  return { ...seen, run, roots };
}
