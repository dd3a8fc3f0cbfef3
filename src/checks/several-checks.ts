import type { DirFacts, Inventory } from '../core/inventory.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { colliding } from './collisions.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';
import { roomChecks } from './room-checks.ts';

/** What is to move in one go, and how it hangs together. */
export interface SeveralFacts {
  readonly plans: readonly Plan[];
  readonly inventories: readonly Inventory[];
  /** What an earlier pass left in staging. */
  readonly staged: readonly DirFacts[];
  /** Profiles with something in common; `isMoved`: by an earlier command. */
  readonly groups: readonly (readonly { readonly plan: Plan; readonly isMoved: boolean }[])[];
}

/** What has to hold for several gateways that come to one machine, beside what holds for each: pure, like the checks of pre-flight. */
export function severalChecks({ plans, inventories, staged, groups }: SeveralFacts): readonly PureCheck[] {
  const [first] = inventories;
  const all = plans.flatMap(({ roots }) => roots);
  return [
    pureCheck('ports-apart', 'Each gateway has a port of its own on this machine', () => portsTwice(plans)),
    pureCheck('groups-whole', 'What belongs together moves together', () => groups.flatMap(brokenUp)),
    pureCheck('roots-apart-all', 'Each directory has a place of its own on this machine', () =>
      first ? colliding(all, first.new) : [],
    ),
    ...roomChecks({ dirs: inventories.flatMap(({ dirs }) => dirs) }, staged),
  ];
}

function portsTwice(plans: readonly Plan[]): Problem[] {
  const ports = [...new Set(plans.map((plan) => plan.new.gateway.port))];
  return ports.flatMap((port) => {
    const names = plans.filter((plan) => plan.new.gateway.port === port).map((plan) => plan.old.gateway.profile);
    if (names.length < 2) return [];
    return [
      problem('ports-collide', {
        message: `Profiles ${names.map((name) => printable(name)).join(' and ')} would all listen on port ${port} of this machine.`,
        hint: `On the old machine, give one of them another gateway.port in its config, 20 or more away, restart it there, and try again.`,
        detail: { port, profiles: names },
      }),
    ];
  });
}

/** A group of which a part was moved before cannot follow: its shared directory lives here already. */
function brokenUp(group: SeveralFacts['groups'][number]): Problem[] {
  const moved = group.filter(({ isMoved }) => isMoved).map(({ plan }) => printable(plan.old.gateway.profile));
  const left = group.filter(({ isMoved }) => !isMoved).map(({ plan }) => printable(plan.old.gateway.profile));
  if (moved.length === 0 || left.length === 0) return [];
  return [
    problem('profiles-share', {
      message: `Profile ${moved.join(', ')} was moved before, with directories or approvals that profile ${left.join(', ')} has too. What is there now would be replaced by what the old machine has.`,
      hint: 'Take that move back, and move them together then: neo-pull runs, neo-pull rollback RUN',
      detail: { moved, left },
    }),
  ];
}
