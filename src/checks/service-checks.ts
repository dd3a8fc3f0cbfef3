import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { configPathOf, productNames, stateDirOf } from '../gateway/product.ts';
import { pasteable } from '../host/pasteable.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';
import { compareVersions } from './rsync-version.ts';

/** Releases from this one on manage the service of the usual state dir and config alone ("service management skipped"). */
const USUAL_ONLY_FROM = '2026.9.0';

/** Will the product of the new machine run as a service what is moved? */
export function serviceChecks(plan: Plan): readonly PureCheck[] {
  return [pureCheck('service-possible', 'The product runs the new state dir as a service', () => refused(plan))];
}

function refused({ new: { gateway, productVersion } }: Plan): Problem[] {
  const { product, home, profile, stateDir, configPath } = gateway;
  if (gateway.unit === null || productVersion === null || compareVersions(productVersion, USUAL_ONLY_FROM) < 0)
    return [];
  const usual = stateDirOf(product, home, profile);
  if (stateDir === usual && configPath === configPathOf(product, usual)) return [];
  const { title } = productNames(product);
  return [
    problem('service-refused', {
      message: `${title} ${printable(productVersion)} on this machine makes a service only for ${printable(configPathOf(product, usual))}, and the move would put the config at ${printable(configPath)}: the gateway could be installed nowhere.`,
      hint: `Let it live in the usual place: --to-state-dir ${pasteable(usual)}`,
      detail: { stateDir, configPath, usual },
    }),
  ];
}
