import type { Inventory, KeeperFacts } from '../core/inventory.ts';
import { keeperOf, otherKeepers } from '../core/keepers.ts';
import type { Plan } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { byHand } from '../gateway/supervise.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';

/** Can what keeps the gateway running be stopped, kept down and put back, on either machine? */
export function keeperChecks(inventory: Inventory, plan: Plan): readonly PureCheck[] {
  return [
    pureCheck('keeper-old', 'What keeps the old gateway running can be handled', () => keeper(inventory, plan)),
    pureCheck('container-old', 'A container of the old gateway has the paths and the network of its machine', () =>
      apart(inventory),
    ),
    pureCheck('keepers-old', 'Nothing else would start the old gateway', () => others(inventory, plan)),
    pureCheck('keepers-new', 'Nothing else would start a gateway here', () => here(inventory, plan)),
  ];
}

const OWN = 'Or give your own commands: --stop-cmd COMMAND --start-cmd COMMAND';

function keeper({ old, gateway }: Inventory, plan: Plan): Problem[] {
  const found = keeperOf(old, gateway);
  if (found === null || plan.old.gateway.supervisor?.kind === 'commands') return [];
  const what = printable(found.what);
  if (found.supervisor === null) {
    return [
      problem('supervisor-unhandled', {
        message: `The old gateway is kept running by ${what}, which neo-pull does not know how to stop for good.`,
        hint: 'Give the commands that stop and start it there: --stop-cmd COMMAND --start-cmd COMMAND',
      }),
    ];
  }
  if (found.mayChange !== false) return [];
  const stop = printable(byHand(plan.old.gateway, 'stop') ?? '');
  return [
    problem('supervisor-needs-root', {
      message: `The old gateway is kept running by ${what}; ${printable(old.user)} may not change that without a password (\`sudo -n\` is refused).`,
      hint: `Let sudo run \`${stop.replace(/^sudo /, '')}\` there without a password, or connect as root. ${OWN}`,
    }),
  ];
}

/**
 * What is in a container by another path, or behind a network of its own, is not what is looked at: the paths of its config mean nothing
 * outside of it, its port is held by the engine, and no process of it is known by its state dir. Commands of one's own change nothing of that.
 */
function apart({ old, gateway }: Inventory): Problem[] {
  const found = keeperOf(old, gateway);
  if (!found?.inside) return [];
  const { network, mounts } = found.inside;
  const [mount] = mounts
    .filter(({ source }) => [gateway.stateDir, gateway.realStateDir].some((dir) => isIn(dir, source)))
    .sort((one, other) => other.source.length - one.source.length);
  const isElsewhere = mount !== undefined && mount.source !== mount.destination;
  if (!isElsewhere && network === 'host') return [];
  const reasons = [
    ...(isElsewhere
      ? [`has ${mount.source} as ${mount.destination}, so that the paths in its config are not those of the machine`]
      : []),
    ...(network === 'host'
      ? []
      : [`has a network of its own (${network}), so that whether the gateway in it serves cannot be seen`]),
  ];
  const flags = `--network host --volume ${pasteable(gateway.stateDir)}:${pasteable(gateway.stateDir)} --env HOME=${pasteable(old.home)}`;
  return [
    problem('container-apart', {
      message: `The old gateway runs in ${printable(found.what)}, which ${printable(reasons.join(', and '), 2000)}.`,
      hint: `Give the gateway the paths and the network of its machine first: make the container anew with ${flags} (workspaces likewise) and set the paths in its config to those, or start the gateway without a container.`,
      detail: {
        network,
        mounts: mounts.map(({ source, destination }) => `${printable(source)} as ${printable(destination)}`),
      },
    }),
  ];
}

function isIn(dir: string, place: string): boolean {
  return dir === place || dir.startsWith(`${place.replace(/\/$/, '')}/`);
}

function others({ old, gateway }: Inventory, plan: Plan): Problem[] {
  return otherKeepers(old, gateway).map((other) => second(other, plan, 'the old gateway'));
}

function second(other: KeeperFacts, plan: Plan, whom: string): Problem {
  const { supervisor } = other;
  const command = supervisor === null ? null : byHand({ ...plan.old.gateway, supervisor }, 'disable');
  return problem('second-supervisor', {
    message: `${printable(other.what)} would start ${whom} as well, and is left as it is.`,
    hint:
      command === null
        ? 'Take it out of there before the move, or the old gateway comes back beside the new one.'
        : `Before the move, on the old machine: ${printable(command)}`,
    detail: { what: printable(other.what), active: other.active },
  });
}

/** A trial here that something else keeps running would come back beside the new gateway, with the moved identity. */
function here({ new: machine }: Inventory, plan: Plan): Problem[] {
  const { stateDir } = plan.new.gateway;
  if (plan.new.gateway.supervisor?.kind === 'commands') return [];
  const trial = machine.gateways.find((gateway) => gateway.stateDir === stateDir || gateway.realStateDir === stateDir);
  const its = trial ? [keeperOf(machine, trial), ...otherKeepers(machine, trial)] : [];
  return its.flatMap((found) => {
    if (found === null || !(found.active || found.enabled)) return [];
    const command =
      found.supervisor === null ? null : byHand({ ...plan.new.gateway, supervisor: found.supervisor }, 'stop');
    return [
      problem('supervisor-unhandled', {
        message: `On this machine ${printable(found.what)} keeps a gateway of ${printable(stateDir)} running, beside which the new one cannot be.`,
        hint: `Stop and disable it${command === null ? '' : ` (${printable(command)})`}, or give your own commands: --new-stop-cmd COMMAND --new-start-cmd COMMAND`,
      }),
    ];
  });
}
