import { readConfig } from '../core/config-text.ts';
import { excludeMatcher } from '../core/exclude.ts';
import type { Host } from '../core/host.ts';
import type { GatewayFacts, Inventory, MachineFacts } from '../core/inventory.ts';
import type { Neighbour } from '../core/neighbour.ts';
import type { Asked, Plan, Root } from '../core/plan.ts';
import { problem, ProblemError, type Problem } from '../core/problem.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { configuredDirs } from './gateway-config.ts';
import { approvalsOf } from './named-paths.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';
import { seePaths, type Waiting } from './see-paths.ts';

interface Around {
  readonly old: MachineFacts;
  /** Profiles that move in this go. */
  readonly together: readonly string[];
  readonly asked: Asked;
}

/**
 * What belongs to the gateways of the old account that do not move in this go: their state dirs, and the directories that their configs
 * name, as far as they exist. Read-only. Throws as `seePaths`.
 */
export async function neighboursOf(
  host: Host,
  { old, together, asked }: Around,
  waiting: Waiting,
): Promise<Neighbour[]> {
  const others = old.gateways.filter((gateway) => !together.includes(gateway.profile));
  const named = others.flatMap((gateway) =>
    dirsOf(gateway, old, asked).map((path) => [gateway.profile, path] as const),
  );
  if (named.length === 0) return [];
  const seen = await seePaths(
    host,
    named.map(([, path]) => path),
    waiting,
  );
  return named.flatMap(([profile, path]) => {
    const facts = seen.get(path);
    if (facts?.kind !== 'dir') return [];
    const gateway = others.find((one) => one.profile === profile);
    const isInUse = Boolean(gateway?.process ?? gateway?.service?.active) || gateway?.service?.enabled === true;
    return [{ profile, path: facts.realPath, isState: others.some((one) => one.stateDir === path), isInUse }];
  });
}

/** A config that does not parse names nothing: it is not the one that moves. */
function dirsOf(gateway: GatewayFacts, { home }: MachineFacts, { product }: Asked): string[] {
  try {
    const config = gateway.configText === null ? null : readConfig(gateway.configText);
    return [gateway.stateDir, ...configuredDirs(config, gateway, { product, home }).map(({ path }) => path)];
  } catch (thrown) {
    if (thrown instanceof ProblemError) return [gateway.stateDir];
    throw thrown;
  }
}

/** Does what moves belong to gateways that stay? `profiles-share`, `profile-idle`, `approvals-shared`. */
export function neighbourChecks(inventory: Inventory, plan: Plan): readonly PureCheck[] {
  const { neighbours = [] } = inventory;
  return [
    pureCheck('roots-unshared', 'What moves belongs to no gateway that stays', () => [
      ...shared(neighbours, plan),
      ...approvals(neighbours, inventory, plan),
    ]),
  ];
}

function shared(neighbours: readonly Neighbour[], plan: Plan): Problem[] {
  const { profile } = plan.old.gateway;
  const found = neighbours.filter((one) => plan.roots.some((root) => touches(one, root, plan)));
  if (found.length === 0) return [];
  // What does not run writes nothing, and loses nothing: the old machine keeps all that it has.
  if (!found.some((one) => one.isInUse)) return [idle(found)];
  const names = [...new Set(found.map((one) => one.profile))];
  const places = [...new Set(found.map(({ path }) => printable(path)))].join(', ');
  const all = [profile, ...names].map(pasteable).join(',');
  return [
    problem('profiles-share', {
      message: `Profile ${printable(profile)} has ${places} in common with profile ${names.map((name) => printable(name)).join(', ')}, which would stay behind without it or change it meanwhile.`,
      hint: `Move them together: --profile ${all} (what was moved before has to be rolled back for that). Or give each a directory of its own on the old machine.`,
      detail: found.map((one) => ({ profile: one.profile, path: one.path })),
    }),
  ];
}

function idle(found: readonly Neighbour[]): Problem {
  const names = [...new Set(found.map((one) => printable(one.profile)))].join(', ');
  const places = [...new Set(found.map(({ path }) => printable(path)))].join(', ');
  return problem('profile-idle', {
    message: `Profile ${names}, which does not run, names ${places} too. It stays on the old machine, with what is there now.`,
    hint: 'Nothing has to be done if it is not used any more. Else move it as well: --all-profiles',
    detail: found.map((one) => ({ profile: one.profile, path: one.path })),
  });
}

/** Is it in what is copied, or the other way round? What a rule leaves out is not. */
function touches({ path, isState }: Neighbour, root: Root, { excludes }: Plan): boolean {
  if (root.files !== null) return false;
  if (root.oldPath.startsWith(`${path}/`)) return !isState;
  if (path === root.oldPath) return true;
  if (!path.startsWith(`${root.oldPath}/`)) return false;
  const relative = Buffer.from(path.slice(root.oldPath.length + 1));
  return excludeMatcher(excludes, root.room, root.workspaces)(relative, true) === null;
}

function approvals(neighbours: readonly Neighbour[], { old }: Inventory, plan: Plan): Problem[] {
  const file = approvalsOf(old.home, plan.old.gateway.product);
  const moves = plan.fates.some(({ path, root }) => path === file && root !== null);
  const names = [...new Set(neighbours.map(({ profile }) => profile))];
  if (!moves || names.length === 0) return [];
  return [
    problem('approvals-shared', {
      message: `${printable(file)} is the list of profile ${names.map((name) => printable(name)).join(', ')} too. From the move on, each machine has a list of its own.`,
      hint: `To keep one list, move them together: --profile ${[plan.old.gateway.profile, ...names].map(pasteable).join(',')}`,
      detail: { path: file, profiles: names },
    }),
  ];
}
