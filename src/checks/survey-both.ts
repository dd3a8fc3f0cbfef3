import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { MachineFacts, OtherProduct } from '../core/inventory.ts';
import type { Asked } from '../core/plan.ts';
import type { AnyProduct } from '../core/product.ts';
import { ProblemError } from '../core/problem.ts';
import { ambiguous, leading, othersOf, traceOf } from './find-product.ts';
import { firstLook, secondLook, survey, type FirstLook, type SurveyOptions } from './survey.ts';

/** Both machines as a whole, whichever gateway is to move. */
export interface Surveyed {
  readonly old: MachineFacts;
  readonly here: MachineFacts;
  /** The product that moves: the one that was named, or that was found. */
  readonly product: AnyProduct;
  /** Other products that were seen on the old machine. */
  readonly others: readonly OtherProduct[];
  /** Those of which there was nothing, where none was named. */
  readonly absent: readonly AnyProduct[];
}

/** What is looked for. */
export interface Sought {
  readonly asked: Asked;
  /** The products of which one is to be found, where none was named; `asked.product` is taken where there is none of them. */
  readonly among?: readonly AnyProduct[] | undefined;
}

/** The two machines of a move. */
export interface Machines {
  readonly old: Host;
  readonly new: Host;
}

/** Who waits, and until when. */
export interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Surveys both machines, for a look at one gateway or several. Read-only. Throws as `survey`, and `product-ambiguous`. */
export async function surveyBoth(machines: Machines, { asked, among }: Sought, waiting: Waiting): Promise<Surveyed> {
  const { product } = asked;
  if (among && among.length > 1) return surveyAmong(machines, { asked, among }, waiting);
  const [old, here] = await Promise.all([
    survey(machines.old, onOld(asked, product, waiting)),
    survey(machines.new, onNew(asked, product, waiting)),
  ]);
  return { old, here, product, others: [], absent: [] };
}

/** Both machines are first looked at for every product at once, so that finding one costs no further question. */
async function surveyAmong(machines: Machines, { asked, among = [] }: Sought, waiting: Waiting): Promise<Surveyed> {
  const [olds, heres] = await Promise.all([
    looksAt(
      machines.old,
      among.map((product) => onOld(asked, product, waiting)),
    ),
    looksAt(
      machines.new,
      among.map((product) => onNew(asked, product, waiting)),
    ),
  ]);
  const traces = olds.map(({ seen, product }) => traceOf(seen, product));
  const leaders = leading(traces, { stateDir: asked.stateDir, productBin: asked.remoteGatewayBin });
  const [only = asked.product, ...more] = leaders.map(({ product }) => product);
  const lookOld = (product: AnyProduct): Promise<MachineFacts> =>
    secondLook(machines.old, lookFor(olds, product), onOld(asked, product, waiting));
  const lookHere = (product: AnyProduct): Promise<MachineFacts> =>
    secondLook(machines.new, lookFor(heres, product), onNew(asked, product, waiting));
  const absent = traces.filter(({ seen }) => seen.length === 0).map(({ product }) => product);
  if (more.length === 0) {
    const [old, here] = await Promise.all([lookOld(only), lookHere(only)]);
    return { old, here, product: only, others: othersOf(traces, only), absent };
  }
  const all = await Promise.all([only, ...more].map(async (product) => ({ product, old: await lookOld(product) })));
  // A directory that holds nothing of a gateway speaks for nobody.
  const holding = all.filter(({ old }) => old.gateways.length > 0);
  if (holding.length > 1)
    throw ambiguous(leaders.filter(({ product }) => holding.some((one) => one.product === product)));
  const [chosen = await fallback()] = holding;
  return { ...chosen, here: await lookHere(chosen.product), others: othersOf(traces, chosen.product), absent };

  async function fallback() {
    return { product: asked.product, old: await lookOld(asked.product) };
  }
}

interface Look extends FirstLook {
  readonly product: AnyProduct;
}

/** All at once; where the server lets fewer commands run beside each other, those that it refused come when the others are over. */
async function looksAt(host: Host, all: readonly SurveyOptions[]): Promise<Look[]> {
  const atOnce = await Promise.allSettled(all.map((options) => lookAtOne(host, options)));
  const looks: Look[] = [];
  for (const [at, look] of atOnce.entries()) {
    const options = all[at];
    if (look.status === 'fulfilled') looks.push(...look.value);
    else if (options && codeOf(look.reason) === 'sessions-refused') looks.push(...(await lookAtOne(host, options)));
    else throw look.reason;
  }
  return looks;
}

/** A limited key knows the scripts and products of its neo-pull: one that a person added is not looked for through it. */
async function lookAtOne(host: Host, options: SurveyOptions): Promise<Look[]> {
  try {
    return [{ ...(await firstLook(host, options)), product: options.product }];
  } catch (thrown) {
    if (codeOf(thrown) === 'account-read-only' && typeof options.product !== 'string') return [];
    throw thrown;
  }
}

function codeOf(thrown: unknown): string | null {
  return thrown instanceof ProblemError ? thrown.problem.code : null;
}

function lookFor(looks: readonly Look[], product: AnyProduct): Look {
  const look = looks.find((one) => one.product === product);
  if (!look) throw new Error('a product that was not looked for');
  return look;
}

function onOld(asked: Asked, product: AnyProduct, waiting: Waiting): SurveyOptions {
  return {
    ...waiting,
    product,
    profiles: asked.profiles ?? undefined,
    stateDir: asked.stateDir ?? undefined,
    configPath: asked.configPath ?? undefined,
    productBin: asked.remoteGatewayBin ?? undefined,
    // Who named the place needs no further word on it.
    asksStatus: asked.stateDir === null && (asked.configPath ?? null) === null,
  };
}

function onNew({ gatewayBin }: Asked, product: AnyProduct, waiting: Waiting): SurveyOptions {
  return { ...waiting, product, productBin: gatewayBin ?? undefined };
}
