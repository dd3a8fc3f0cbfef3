import type { BoundFacts } from '../../src/census/bound-answer.ts';
import type { Bound } from '../../src/checks/by-hand-names.ts';
import type { Plan } from '../../src/core/plan.ts';
import { samplePlan } from '../cli/sample.ts';

/** A machine on a network of its own, and a gateway of which nothing is bound to it. */
export function boundFacts(changes: Partial<BoundFacts> = {}): BoundFacts {
  return {
    machine: { hostname: 'oldbox', addresses: ['192.0.2.10'], timeZone: 'Etc/UTC', libc: 'glibc', abi: '115' },
    natives: [],
    isWhole: true,
    devices: [],
    browsers: [],
    containers: [],
    nodeHost: null,
    jobs: [],
    certificates: [],
    databases: [],
    ...changes,
  };
}

/** From oldbox to newbox. */
export function boundOf(
  changes: Partial<Bound> = {},
  sides: { old?: Partial<Plan['old']>; new?: Partial<Plan['new']> } = {},
): Bound {
  const plan = samplePlan();
  return {
    plan: { ...plan, old: { ...plan.old, ...sides.old }, new: { ...plan.new, ...sides.new } },
    config: {},
    old: boundFacts(),
    here: { hostname: 'newbox', addresses: ['192.0.2.20'], timeZone: 'UTC', libc: 'glibc', abi: '115' },
    timeZone: 'Etc/UTC',
    ...changes,
  };
}
