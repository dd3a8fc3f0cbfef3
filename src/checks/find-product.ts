import path from 'node:path';
import type { Inventory, OtherProduct } from '../core/inventory.ts';
import type { AnyProduct } from '../core/product.ts';
import { fail, problem, type ProblemError } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { productNames, profileOfStateDir } from '../gateway/product.ts';
import { claimsOf, isUnitOf, type Claim } from './claims.ts';
import type { MachineSeen } from './machine-seen.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** What on the old machine speaks for one product. */
export interface Trace {
  readonly product: AnyProduct;
  readonly isRunning: boolean;
  /** For people: `running process 12`, `unit openclaw-gateway.service`, `state dir /home/al/.openclaw`. */
  readonly seen: readonly string[];
}

/** What speaks for a product, by the names that it goes by: processes, units and directories, nothing that the person named. Pure. */
export function traceOf(seen: MachineSeen, product: AnyProduct): Trace {
  const claims = claimsOf(seen, { product }).filter((claim) => speaks(claim, product));
  const words = claims.map(({ kind, source, stateDir }) => (kind === 'default' ? `state dir ${stateDir}` : source));
  const isRunning = claims.some(({ kind, service }) => kind === 'process' || service?.active === true);
  return { product, isRunning, seen: [...new Set(words)] };
}

/** A unit that only mentions the product is no word for it while there may be others. */
function speaks({ kind, service }: Claim, product: AnyProduct): boolean {
  if (kind !== 'service' || service === null) return true;
  const { command, envPrefix } = productNames(product);
  const starts = service.execStart.some((word) => word.split('/').includes(command));
  return (
    starts ||
    isUnitOf(service.unit, product) ||
    Object.keys(service.environment).some((name) => name.startsWith(`${envPrefix}_`))
  );
}

/** What a person named that can tell of which product they speak. */
export interface Hints {
  readonly stateDir: string | null;
  readonly productBin: string | null;
}

/**
 * The traces among which the product to move is: one where a name decides or where only one is there or runs, all that are there where
 * nothing decides, none where nothing is there. Pure.
 */
export function leading(traces: readonly Trace[], hints: Hints): readonly Trace[] {
  const meant = traces.filter(({ product }) => isMeant(product, hints));
  if (meant.length === 1) return meant;
  const there = traces.filter(({ seen }) => seen.length > 0);
  const running = there.filter(({ isRunning }) => isRunning);
  return running.length === 1 ? running : there;
}

function isMeant(product: AnyProduct, { stateDir, productBin }: Hints): boolean {
  if (stateDir !== null) return profileOfStateDir(product, stateDir.replace(/\/+$/, '')) !== null;
  return productBin !== null && path.posix.basename(productBin) === productNames(product).command;
}

/** Those that stay where they are, as the Inventory holds them. Pure. */
export function othersOf(traces: readonly Trace[], product: AnyProduct): OtherProduct[] {
  const others = traces.filter((trace) => trace.seen.length > 0 && trace.product !== product);
  return others.map(({ product: other, seen, isRunning }) => ({ ...called(other), seen, isRunning }));
}

/** What else the old account has is told, for it stays. */
export function otherProductCheck({ otherProducts = [] }: Inventory): PureCheck {
  return pureCheck('other-products', 'No gateway of another product stays behind unseen', () =>
    otherProducts.map(({ name, title, seen }) =>
      problem('product-other', {
        message: `${title} is on the old machine too and stays there: ${seen.map((one) => printable(one)).join(', ')}.`,
        hint: `To move that one: --product ${pasteable(name)}`,
        detail: { product: name, seen: [...seen] },
      }),
    ),
  );
}

/** Nothing decides which product is meant. */
export function ambiguous(traces: readonly Trace[]): ProblemError {
  const words = traces.map(
    ({ product, seen }) => `${called(product).title} (${seen.map((one) => printable(one)).join(', ')})`,
  );
  const names = traces.map(({ product }) => `--product ${pasteable(called(product).name)}`);
  return fail('product-ambiguous', {
    message: `The old machine has gateways of several products: ${words.join('; ')}.`,
    hint: `Name the one to move: ${names.join(' or ')}`,
    detail: traces.map(({ product, seen, isRunning }) => ({
      product: called(product).name,
      seen: [...seen],
      isRunning,
    })),
  });
}

function called(product: AnyProduct): { name: string; title: string } {
  const { name, title } = productNames(product);
  return { name, title };
}
