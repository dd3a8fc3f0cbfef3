import { posix as path } from 'node:path';
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

function refused({ old, new: { gateway, productVersion } }: Plan): Problem[] {
  const { product, home, profile, stateDir, configPath } = gateway;
  if (gateway.unit === null || productVersion === null || compareVersions(productVersion, USUAL_ONLY_FROM) < 0)
    return [];
  const usual = stateDirOf(product, home, profile);
  if (stateDir === usual && configPath === configPathOf(product, usual)) return [];
  const { title, configName } = productNames(product);
  const hints = [
    ...(stateDir === usual ? [] : [`Let it live in the usual place: --to-state-dir ${pasteable(usual)}`]),
    ...(path.basename(configPath) === configName ? [] : [renamed(old.gateway.configPath, configName)]),
    ...(path.dirname(configPath) === stateDir
      ? []
      : [`Put its config into the state dir on the old machine, and try again.`]),
  ];
  return [
    problem('service-refused', {
      message: `${title} ${printable(productVersion)} on this machine makes a service only for ${printable(configPathOf(product, usual))}, and the move would put the config at ${printable(configPath)}: the gateway could be installed nowhere.`,
      hint: hints.join(' '),
      detail: { stateDir, configPath, usual },
    }),
  ];
}

/** A name of before, which the product still reads where there is none of today. */
function renamed(configPath: string, name: string): string {
  const today = path.join(path.dirname(configPath), name);
  return `Give the config the name that it has today, on the old machine, and restart the gateway there: mv -n ${pasteable(configPath)} ${pasteable(today)}`;
}
