import { findByHand } from './checks/by-hand.ts';
import { carriedValues } from './checks/carried-values.ts';
import { countOld } from './checks/census.ts';
import { channelsBefore } from './checks/channels.ts';
import { discover } from './checks/discover.ts';
import { readIncludes } from './checks/includes.ts';
import { layOut } from './checks/layout.ts';
import { measure } from './checks/measure.ts';
import { newWorks, channelsAsBefore, newAlive } from './checks/live.ts';
import { copyAsPlanned, copyIsWhole, oldUnchanged } from './checks/copy.ts';
import { copyHasAll, nothingLost } from './checks/nothing-lost.ts';
import { neighboursOf } from './checks/neighbours.ts';
import { oldIsDead, oldStaysDead } from './checks/old-dead.ts';
import { portOf } from './checks/port.ts';
import { namesInTheWay } from './checks/names.ts';
import { oldPathsLeft } from './checks/old-paths.ts';
import { portHolder } from './checks/port-holder.ts';
import { preflight } from './checks/preflight.ts';
import { provenanceOf } from './checks/provenance.ts';
import { secretsOutside } from './checks/secrets-outside.ts';
import { rootsComplete } from './checks/roots-complete.ts';
import { servesMoved } from './checks/serves-moved.ts';
import { surveyBoth, type Surveyed } from './checks/survey-both.ts';
import { wholeConfig } from './checks/whole-config.ts';
import type { Clock } from './core/clock.ts';
import { decide, type Wish } from './core/decide.ts';
import type { EventBody } from './core/event.ts';
import { parseExclude } from './core/exclude.ts';
import type { Host } from './core/host.ts';
import type { DirFacts, Inventory } from './core/inventory.ts';
import type { Asked, Connect, Limits, Plan } from './core/plan.ts';
import { carriedNames } from './core/outside.ts';
import type { Problem } from './core/problem.ts';
import type { AnyStep } from './core/step.ts';
import { PRODUCTS, profileSuffix, unitName } from './gateway/product.ts';
import { carryEnv } from './steps/carry-env.ts';
import { claim } from './steps/claim.ts';
import { commit } from './steps/commit.ts';
import { lastDelta, seed } from './steps/copy-roots.ts';
import { doctor } from './steps/doctor.ts';
import { ensure } from './steps/ensure.ts';
import { fenceOld } from './steps/fence-old.ts';
import { reconcile } from './steps/reconcile.ts';
import { retireOld } from './steps/retire-old.ts';
import { soak } from './steps/soak.ts';
import { startNew } from './steps/start-new.ts';
import { startQuiet, stopQuiet } from './steps/start-quiet.ts';
import { stopNew, stopOld } from './steps/stop-gateway.ts';
import { swap } from './steps/swap.ts';
import { warmNew } from './steps/warm-new.ts';

/** What a look is asked for. */
export interface LookRequest {
  readonly target: string;
  readonly connect: Connect;
  readonly asked: Asked;
  readonly limits: Limits;
  /** May a live directory here be parked? */
  readonly replace: boolean;
  /** Ask the old gateway how its channels are; a plan does not, for that speaks to the gateway. */
  readonly asksChannels: boolean;
  /** Both machines, where they were surveyed already. */
  readonly surveyed?: Surveyed;
  /** All profiles that move in the same go. */
  readonly together?: readonly string[];
}

/** What was seen and decided. `problems` holds all of them; the Plan keeps those that do not stop. */
export interface Seen {
  readonly inventory: Inventory;
  /** What an earlier pass left in staging. */
  readonly staged: readonly DirFacts[];
  readonly plan: Plan;
  readonly problems: readonly Problem[];
}

interface Around {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly emit: (event: EventBody) => Promise<void>;
}

/** Looks at both machines and decides. Read-only. Throws what makes a decision impossible; the rest comes back as Problems. */
export async function look(machines: { old: Host; new: Host }, request: LookRequest, around: Around): Promise<Seen> {
  const { asked } = request;
  const { old, here } = request.surveyed ?? (await surveyBoth(machines, asked, around));
  const gateway = discover(old, {
    product: asked.product,
    profile: asked.profiles,
    stateDir: asked.stateDir ?? undefined,
    configPath: asked.configPath ?? undefined,
    port: asked.gatewayPort ?? undefined,
  });
  const includes = await readIncludes(machines.old, gateway, around);
  const config = wholeConfig(gateway, includes);
  const { routes, dirs, fates } = await layOut(machines, { old, here, gateway, includes, config, asked }, around);
  const named = { config, product: asked.product, flag: asked.gatewayPort };
  const port = portOf(gateway, named);
  const provenance = provenanceOf(old, gateway, named);
  const wish = wishOf(request, gateway.profile);
  const bare = {
    old,
    new: here,
    gateway,
    dirs,
    fates,
    includes,
    provenance,
    neighbours: await neighboursOf(
      machines.old,
      { old, together: request.together ?? [gateway.profile], asked },
      around,
    ),
    newPort: { port, takenBy: null },
    channels: null,
    counts: null,
  };
  const carrying = { product: asked.product, carryEnv: asked.carryEnv ?? false };
  const facts = { ...bare, outside: secretsOutside(bare, config, carrying) };
  const draft = decide(facts, routes, wish, []);
  const [takenBy, staged, channels, counts, byHand, names] = await Promise.all([
    portHolder(machines.new, draft, { sameKernel: old.bootId === here.bootId }, around),
    measure(
      machines.new,
      draft.roots.map((root) => root.stagingPath),
      around,
    ),
    request.asksChannels ? channelsBefore(machines.old, draft.old.gateway, around) : null,
    countOld(machines, draft, around),
    findByHand(machines, { plan: draft, gateway, config }, around),
    namesInTheWay(machines.old, draft, { ...around, directories: dirs.map((dir) => dir.new.parent.path) }),
  ]);
  const inventory = { ...facts, newPort: { port, takenBy }, channels, counts, byHand, names };
  const problems: Problem[] = [];
  for (const check of preflight(inventory, draft, { replace: request.replace, staged })) {
    const found = await check.run();
    await around.emit({ type: 'check.done', check: check.id, title: check.title, problems: found });
    problems.push(...found);
  }
  return {
    inventory,
    staged,
    problems,
    plan: decide(
      inventory,
      routes,
      wish,
      problems.filter((found) => !found.stops),
    ),
  };
}

function wishOf({ target, connect, asked, limits }: LookRequest, profile: string): Wish {
  const excludes = asked.excludes.map(parseExclude);
  const legacyStateDirs = PRODUCTS[asked.product].legacyStateDirNames.map((name) => name + profileSuffix(profile));
  const unit = unitName(asked.product, profile);
  return { run: 'planned', target, connect, asked, limits, excludes, unit, legacyStateDirs };
}

/** Long and harmless: the old gateway serves on, and nothing of it is undone by a failure. */
export function staging(plan: Plan): readonly AnyStep[] {
  const named = ensure('old-paths', 'Look for old paths that nobody may rewrite', [oldPathsLeft(plan)]);
  return [seed(plan), named, warmNew(plan)];
}

/**
 * Short, and all or nothing. Every step up to the commit is undone when anything fails; `committed` says that this list is built to
 * take back a move after the commit, when the new gateway may have written something that must be kept.
 */
export function cutover(plan: Plan, { committed }: { committed: boolean }): readonly AnyStep[] {
  return [
    claim(plan),
    ...(carriedNames(plan).length > 0 ? [carryEnv(plan, carriedValues(plan))] : []),
    stopOld(plan),
    fenceOld(plan),
    ensure('old-is-dead', 'See that nothing of the old gateway is left', [oldIsDead(plan)]),
    lastDelta(plan),
    ensure('copy-is-whole', 'Compare the copy with the old machine', [
      rootsComplete(plan),
      copyIsWhole(plan),
      copyHasAll(plan),
    ]),
    reconcile(plan),
    ensure('copy-as-planned', 'See that only the declared changes were made', [copyAsPlanned(plan)]),
    stopNew(plan),
    swap(plan, { keepWritten: committed }),
    doctor(plan),
    startQuiet(plan),
    ensure('it-works', 'See that the new gateway works', [newWorks(plan), servesMoved(plan), nothingLost(plan)]),
    stopQuiet(plan),
    ensure('nothing-moved-meanwhile', 'See that the old machine is still as it was left', [
      oldIsDead(plan),
      oldUnchanged(plan),
    ]),
    commit(),
    startNew(plan),
    soak(plan, { alive: newAlive(plan), checklist: [newWorks(plan), channelsAsBefore(plan), oldStaysDead(plan)] }),
    retireOld(plan),
  ];
}
