import type { Gateway } from './plan.ts';
import type { GatewayFacts, KeeperFacts, MachineFacts } from './inventory.ts';

/**
 * What keeps a gateway running; null when that is its user unit, or nothing. Who holds the process counts first; of a gateway that is
 * stopped, who would start it. Pure.
 */
export function keeperOf(machine: MachineFacts, gateway: GatewayFacts): KeeperFacts | null {
  const all = keepersOf(machine, gateway);
  const pids = [gateway.process?.pid, gateway.service?.mainPid];
  const holder = all.find((keeper) => keeper.pids.some((pid) => pids.includes(pid)));
  if (holder) return holder;
  // A container's process may be another user's, and out of sight.
  const runs = all.find((keeper) => keeper.active && keeper.supervisor?.kind === 'container');
  if (gateway.service?.active || (gateway.process && !runs)) return null;
  return (
    runs ??
    (gateway.service
      ? null
      : (all.find((keeper) => keeper.supervisor !== null && (keeper.active || keeper.enabled)) ?? null))
  );
}

/** Everything else that runs the same gateway, or would start it. Pure. */
export function otherKeepers(machine: MachineFacts, gateway: GatewayFacts): readonly KeeperFacts[] {
  const keeper = keeperOf(machine, gateway);
  return keepersOf(machine, gateway).filter((other) => other !== keeper && (other.active || other.enabled));
}

/** One that says nothing of where the state lies is taken for the gateway's where there is only one, and it is not seen to keep another. */
function keepersOf({ keepers = [], gateways }: MachineFacts, gateway: GatewayFacts): readonly KeeperFacts[] {
  const pids = [gateway.process?.pid, gateway.service?.mainPid];
  const others = gateways.filter(({ realStateDir }) => realStateDir !== gateway.realStateDir);
  const otherPids = others.flatMap(({ process, service }) => [process?.pid, service?.mainPid]);
  return keepers.filter(({ pids: its, places }) => {
    if (its.some((pid) => pids.includes(pid))) return true;
    if (its.some((pid) => otherPids.includes(pid))) return false;
    if (places.length === 0) return gateways.length <= 1;
    return places.some((place) => isAround(place, gateway.stateDir) || isAround(place, gateway.realStateDir));
  });
}

/** For people: the name by which the gateway's supervisor knows it; null where it has none, or only commands of the person's own. Pure. */
export function nameKept({ unit, supervisor }: Gateway): string | null {
  switch (supervisor?.kind) {
    case undefined:
      return unit;
    case 'systemd-system':
      return supervisor.unit;
    case 'launchd':
      return supervisor.label;
    case 'pm2':
      return `pm2 ${supervisor.name}`;
    case 'container':
      return `${supervisor.engine} ${supervisor.name}`;
    case 'commands':
      return null;
  }
}

function isAround(place: string, dir: string): boolean {
  return place === dir || dir.startsWith(`${place.replace(/\/$/, '')}/`);
}
