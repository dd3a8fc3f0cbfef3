import { decide, type Route, type Wish } from '../core/decide.ts';
import { parseExclude } from '../core/exclude.ts';
import type { DirFacts, Inventory } from '../core/inventory.ts';
import type { Asked, Connect, Limits, Plan } from '../core/plan.ts';
import type { AnyProduct } from '../core/product.ts';
import { productNames, profileSuffix, unitName } from '../gateway/product.ts';
import { findByHand } from './by-hand.ts';
import { countOld } from './census.ts';
import { channelsBefore } from './channels.ts';
import { databasesToRewrite } from './databases.ts';
import { discover } from './discover.ts';
import { configuredStores } from './gateway-config.ts';
import { readIncludes } from './includes.ts';
import { layOut } from './layout.ts';
import { measure } from './measure.ts';
import { namesInTheWay } from './names.ts';
import { neighboursOf } from './neighbours.ts';
import { portHolder } from './port-holder.ts';
import { portOf } from './port.ts';
import { provenanceOf } from './provenance.ts';
import { secretsOutside } from './secrets-outside.ts';
import { surveyBoth, type Machines, type Surveyed, type Waiting } from './survey-both.ts';
import { wholeConfig } from './whole-config.ts';

/** What a look is asked for. */
export interface LookRequest {
  readonly target: string;
  readonly connect: Connect;
  readonly asked: Asked;
  /** The products of which one is to be found, where none was named; the Plan has the one that was. */
  readonly among?: readonly AnyProduct[];
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

/** All that a Plan is decided from. */
export interface Gathered {
  readonly inventory: Inventory;
  readonly routes: readonly Route[];
  readonly wish: Wish;
  /** What would be decided before anything is judged. */
  readonly draft: Plan;
  /** What an earlier pass left in staging. */
  readonly staged: readonly DirFacts[];
}

/** Looks at both machines. Read-only. Throws what makes a decision impossible. */
export async function gather(machines: Machines, wanted: LookRequest, waiting: Waiting): Promise<Gathered> {
  const surveyed = wanted.surveyed ?? (await surveyBoth(machines, wanted, waiting));
  const request = { ...wanted, surveyed, asked: { ...wanted.asked, product: surveyed.product } };
  const { facts, routes, config } = await place(machines, request, waiting);
  const wish = wishOf(request, facts.gateway.profile);
  const draft = decide(facts, routes, wish, []);
  const { old, new: here, gateway, dirs } = facts;
  const [taken, staged, channels, counted, bound, names] = await Promise.all([
    portHolder(machines.new, draft, { sameKernel: old.bootId === here.bootId }, waiting),
    measure(
      machines.new,
      draft.roots.map((root) => root.stagingPath),
      waiting,
    ),
    request.asksChannels ? channelsBefore(machines.old, draft.old.gateway, waiting) : null,
    countOld(machines, { plan: draft, config }, waiting),
    findByHand(machines, { plan: draft, gateway, config }, waiting),
    namesInTheWay(machines.old, draft, { ...waiting, directories: dirs.map((dir) => dir.new.parent.path) }),
  ]);
  const newPort = { port: facts.newPort.port, ...taken };
  const databases = await databasesToRewrite(machines.new, { plan: draft, found: bound?.databases ?? [] }, waiting);
  const looked = { newPort, channels, ...counted, byHand: bound?.list ?? null, names, databases };
  return { inventory: { ...facts, ...looked }, routes, wish, draft, staged };
}

/** Which gateway, what belongs to it, and where that will be: what a first draft is decided from. */
async function place(machines: Machines, request: LookRequest & { surveyed: Surveyed }, waiting: Waiting) {
  const { asked } = request;
  const { old, here, others, absent } = request.surveyed;
  const gateway = discover(old, {
    product: asked.product,
    profile: asked.profiles,
    stateDir: asked.stateDir ?? undefined,
    configPath: asked.configPath ?? undefined,
    port: asked.gatewayPort ?? undefined,
    absent,
  });
  const includes = await readIncludes(machines.old, gateway, waiting);
  const config = wholeConfig(gateway, includes);
  const layout = { old, here, gateway, includes, config, asked };
  const { routes, dirs, fates } = await layOut(machines, layout, waiting);
  const together = request.together ?? [gateway.profile];
  const neighbours = await neighboursOf(machines.old, { old, together, asked }, waiting);
  const named = { config, product: asked.product, flag: asked.gatewayPort };
  const newPort = { port: portOf(gateway, named), takenBy: null };
  const provenance = provenanceOf(old, gateway, named);
  const sessionStores = configuredStores(config, old.home);
  const bare = {
    ...{ old, new: here, gateway, dirs, fates, includes, provenance, neighbours, sessionStores },
    otherProducts: others,
  };
  const unasked = { newPort, channels: null, counts: null };
  const carrying = { product: asked.product, carryEnv: asked.carryEnv ?? false };
  const outside = secretsOutside({ ...bare, ...unasked }, config, carrying);
  return { facts: { ...bare, ...unasked, outside }, routes, config };
}

function wishOf({ target, connect, asked, limits }: LookRequest, profile: string): Wish {
  const excludes = asked.excludes.map(parseExclude);
  const legacyStateDirs = productNames(asked.product).legacyStateDirNames.map((name) => name + profileSuffix(profile));
  const unit = unitName(asked.product, profile);
  return { run: 'planned', target, connect, asked, limits, excludes, unit, legacyStateDirs };
}
