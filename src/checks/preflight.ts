import type { PureCheck } from './pure-check.ts';
import type { DirFacts, Inventory } from '../core/inventory.ts';
import type { Plan } from '../core/plan.ts';
import { ProblemError } from '../core/problem.ts';
import { otherProductCheck } from './find-product.ts';
import { gatewayChecks } from './gateway-checks.ts';
import { keeperChecks } from './keeper-checks.ts';
import { machineChecks } from './machine-checks.ts';
import { nameChecks } from './name-checks.ts';
import { neighbourChecks } from './neighbours.ts';
import { configPathsLeft } from './old-path-problems.ts';
import { programChecks } from './program-checks.ts';
import { roomChecks } from './room-checks.ts';
import { secretChecks } from './secrets-outside.ts';
import { wholeConfig } from './whole-config.ts';
import { serviceChecks } from './service-checks.ts';
import { rootChecks } from './root-checks.ts';

export interface PreflightOptions {
  /** Did the person agree that what is in place on the new machine is parked? */
  readonly replace: boolean;
  /** Staging directories of an earlier pass, measured: what lies there needs no room again. */
  readonly staged?: readonly DirFacts[];
}

/**
 * Everything that has to hold before anything is changed, judged on facts that are there: each Check is pure and repeatable, none
 * depends on another, and all are to be run so that all that is wrong is told at once. Their ids are stable.
 */
export function preflight(inventory: Inventory, plan: Plan, options: PreflightOptions): readonly PureCheck[] {
  return [
    ...machineChecks(inventory),
    ...programChecks(inventory, plan.old.gateway.product),
    otherProductCheck(inventory),
    ...gatewayChecks(inventory, plan),
    ...keeperChecks(inventory, plan),
    ...rootChecks(inventory, plan, options),
    ...nameChecks(inventory),
    ...serviceChecks(plan),
    configPathsLeft(plan),
    ...neighbourChecks(inventory, plan),
    ...secretChecks(inventory, configOf(inventory), plan.old.gateway.product),
    ...roomChecks(inventory, options.staged),
  ];
}

/** One that does not parse is refused by a check of its own. */
function configOf({ gateway, includes }: Inventory): unknown {
  try {
    return wholeConfig(gateway, includes);
  } catch (thrown) {
    if (thrown instanceof ProblemError) return null;
    throw thrown;
  }
}
