import { carriedValues } from './checks/carried-values.ts';
import { gather, type LookRequest } from './checks/gather.ts';
import { newWorks, channelsAsBefore } from './checks/live.ts';
import { newSteady } from './checks/new-alive.ts';
import { newLogClean } from './checks/new-log.ts';
import { copyAsPlanned, copyIsWhole, oldUnchanged } from './checks/copy.ts';
import { liveTrees } from './checks/doctored.ts';
import { copyHasAll, doctorLostNothing, nothingLost } from './checks/nothing-lost.ts';
import { isWorthKnowing, knownTrees } from './checks/known-trees.ts';
import { databasesSound } from './checks/databases-sound.ts';
import { linesWhole } from './checks/lines-whole.ts';
import { oldDidNotReturn, oldDied, oldStaysDead } from './checks/old-dead.ts';
import { preflight } from './checks/preflight.ts';
import { copyAudited, receivedTree } from './checks/received.ts';
import { nothingWaits, rehearsedCopy, stillAsRead } from './checks/rehearsal.ts';
import { rootsComplete } from './checks/roots-complete.ts';
import { rootsThere } from './checks/roots-there.ts';
import { strandedTranscripts } from './checks/stranded.ts';
import { servesMoved } from './checks/serves-moved.ts';
import { runningTurn } from './checks/turns.ts';
import type { Clock } from './core/clock.ts';
import { decide, type Route, type Wish } from './core/decide.ts';
import type { EventBody } from './core/event.ts';
import type { Host } from './core/host.ts';
import type { DirFacts, Inventory } from './core/inventory.ts';
import type { Plan } from './core/plan.ts';
import { carriedNames } from './core/outside.ts';
import type { Problem } from './core/problem.ts';
import { inScratch } from './core/rehearsal-plan.ts';
import type { AnyStep } from './core/step.ts';
import { carryEnv } from './steps/carry-env.ts';
import { catchUp, isWorthCatchingUp } from './steps/catch-up.ts';
import { claim } from './steps/claim.ts';
import { commit } from './steps/commit.ts';
import { asRehearsed } from './steps/as-rehearsed.ts';
import { copyAgain, copyLive, lastDelta, rehearsedDelta, seed } from './steps/copy-roots.ts';
import { armDeadMan, disarmDeadMan } from './steps/dead-man.ts';
import { deadManMs } from './steps/dead-man-client.ts';
import { doctor, type DoctorWays } from './steps/doctor.ts';
import { ensure } from './steps/ensure.ts';
import { fenceOld } from './steps/fence-old.ts';
import { Follower, type FollowWays } from './steps/follow.ts';
import { holdQueue } from './steps/hold-queue.ts';
import { reconcile } from './steps/reconcile.ts';
import { retireOld } from './steps/retire-old.ts';
import { clearScratch, makeScratch } from './steps/scratch.ts';
import { soak } from './steps/soak.ts';
import { startNew } from './steps/start-new.ts';
import { startQuiet, stopQuiet } from './steps/start-quiet.ts';
import { stopNew, stopOld } from './steps/stop-gateway.ts';
import { swap } from './steps/swap.ts';
import { warmNew } from './steps/warm-new.ts';

/** What was seen and decided. `problems` holds all of them; the Plan keeps those that do not stop. */
export interface Seen {
  readonly inventory: Inventory;
  /** What an earlier pass left in staging. */
  readonly staged: readonly DirFacts[];
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  /** What the Plan was decided from, beside the inventory. */
  readonly routes: readonly Route[];
  readonly wish: Wish;
}

interface Around {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly emit: (event: EventBody) => Promise<void>;
}

/** Looks at both machines and decides. Read-only. Throws what makes a decision impossible; the rest comes back as Problems. */
export async function look(machines: { old: Host; new: Host }, request: LookRequest, around: Around): Promise<Seen> {
  const { inventory, routes, wish, draft, staged } = await gather(machines, request, around);
  const problems: Problem[] = [];
  for (const check of preflight(inventory, draft, { replace: request.replace, staged })) {
    const found = await check.run();
    await around.emit({ type: 'check.done', check: check.id, title: check.title, problems: found });
    problems.push(...found);
  }
  const warnings = problems.filter((found) => !found.stops);
  return { inventory, staged, problems, routes, wish, plan: decide(inventory, routes, wish, warnings) };
}

/** Long and harmless: the old gateway serves on, and nothing of it is undone by a failure. With a Follower it goes on until that is told to end. */
export function staging(plan: Plan, follower: Follower | null = null): readonly AnyStep[] {
  const title = 'Audit what was received, and look for old paths that nobody may rewrite';
  const received = ensure('received', title, [receivedTree(plan)]);
  const rest = follower ? [follower.step()] : isWorthCatchingUp(plan) ? [catchUp(plan)] : [];
  return [seed(plan, rootsThere(plan)), received, warmNew(plan), ...knowing(plan), ...rest];
}

/** What is read before the stop, so that it need not be after it; again right before a cutover that comes long after. */
export function knowing(plan: Plan): readonly AnyStep[] {
  if (!isWorthKnowing(plan)) return [];
  return [ensure('know', 'Read and hash on both machines what lies still', [knownTrees(plan)])];
}

/** A Follower for this Plan, with the eyes that it looks with. */
export function followerFor(plan: Plan, ways: Omit<FollowWays, 'guard' | 'runningTurn'>): Follower {
  return new Follower(plan, {
    ...ways,
    guard: (roots) => rootsThere({ ...plan, roots }),
    runningTurn: (world) => runningTurn(plan, world),
  });
}

function doctorWays(plan: Plan, { keepWritten }: { keepWritten: boolean }): DoctorWays {
  return {
    trees: liveTrees(plan),
    lostNothing: doctorLostNothing(plan),
    stranded: () => strandedTranscripts(plan),
    keepWritten,
  };
}

/**
 * The cutover without the old machine and without the identity: on a throwaway copy of what `staging` has brought, in a home of its own, with
 * a gateway on a port of its own that says nothing. Whatever happens the scratch folder goes. `plan` is one of `rehearsalOf`.
 */
export function rehearsal(plan: Plan): readonly AnyStep[] {
  const scratch = inScratch(plan);
  const there = (step: AnyStep): AnyStep => asRehearsed(step, plan);
  const alike = rehearsedCopy(plan, (world) => copyLive(plan, world));
  return [
    rehearsedDelta(plan),
    ensure('rehearse-copy-is-whole', 'Compare the copy with the old machine', [alike]),
    makeScratch(plan),
    there(reconcile(scratch)),
    there(ensure('copy-as-planned', 'See that only the declared changes were made', [copyAsPlanned(scratch)])),
    there(swap(scratch, { keepWritten: false })),
    there(holdQueue(scratch, nothingWaits(scratch))),
    there(doctor(scratch, doctorWays(scratch, { keepWritten: false }))),
    there(startQuiet(scratch)),
    there(
      ensure('it-works', 'See that the new gateway works', [
        newWorks(scratch),
        servesMoved(plan),
        nothingLost(scratch),
      ]),
    ),
    there(stopQuiet(scratch)),
    ensure('rehearse-nothing-moved-meanwhile', 'Look at the old machine once more', [stillAsRead(plan)]),
    clearScratch(plan),
  ];
}

/**
 * Short, and all or nothing. Every step up to the commit is undone when anything fails; `committed` says that this list is built to
 * take back a move after the commit, when the new gateway may have written something that must be kept. A Follower shortens the last
 * pass, where it can prove what changed.
 */
export function cutover(
  plan: Plan,
  { committed, follower = null }: { committed: boolean; follower?: Follower | null },
): readonly AnyStep[] {
  const hasDeadMan = deadManMs(plan) !== null;
  return [
    claim(plan),
    ...(carriedNames(plan).length > 0 ? [carryEnv(plan, carriedValues(plan))] : []),
    ...(hasDeadMan ? [armDeadMan(plan)] : []),
    stopOld(plan),
    fenceOld(plan),
    ensure('old-is-dead', 'See that nothing of the old gateway is left', [oldDied(plan), rootsThere(plan)]),
    lastDelta(plan, follower),
    ensure('copy-is-whole', 'Compare the copy with the old machine', [
      rootsComplete(plan),
      copyIsWhole(plan, { again: copyAgain(plan), reusesHashes: true }),
      copyAudited(plan),
      copyHasAll(plan),
      databasesSound(plan),
      linesWhole(plan),
    ]),
    reconcile(plan),
    ensure('copy-as-planned', 'See that only the declared changes were made', [copyAsPlanned(plan)]),
    stopNew(plan),
    swap(plan, { keepWritten: committed }),
    doctor(plan, doctorWays(plan, { keepWritten: committed })),
    startQuiet(plan),
    ensure('it-works', 'See that the new gateway works', [newWorks(plan), servesMoved(plan), nothingLost(plan)]),
    stopQuiet(plan),
    ensure('nothing-moved-meanwhile', 'See that the old machine is still as it was left', [
      oldDidNotReturn(plan),
      oldUnchanged(plan),
    ]),
    ...(hasDeadMan ? [disarmDeadMan(plan)] : []),
    commit(),
    startNew(plan),
    soak(plan, {
      steady: () => newSteady(plan),
      oldDead: oldStaysDead(plan),
      checklist: [newWorks(plan), channelsAsBefore(plan), newLogClean(plan), oldStaysDead(plan)],
    }),
    retireOld(plan),
  ];
}
