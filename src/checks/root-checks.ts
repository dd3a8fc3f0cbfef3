import { dirname } from 'node:path';
import { excludeMatcher } from '../core/exclude.ts';
import type { DirFacts, Inventory, MachineFacts } from '../core/inventory.ts';
import { inside, movedPaths } from '../core/only-files.ts';
import type { Plan, Root } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';
import { pasteable } from '../host/pasteable.ts';
import { colliding } from './collisions.ts';
import { pureCheck, type PureCheck } from './pure-check.ts';
import { refusal } from './refused.ts';

const HERE = 'on this machine';

/** Can each root be taken from where it is, and put where it is to live? */
export function rootChecks(inventory: Inventory, plan: Plan, { replace }: { replace: boolean }): readonly PureCheck[] {
  const { dirs, old, new: here } = inventory;
  const places = dirs.flatMap((dir) => [
    { machine: old, where: 'on the old machine', dir: dir.old },
    { machine: here, where: HERE, dir: dir.new },
  ]);
  // A directory of which single files move is neither moved nor replaced.
  const wholes = places.filter((_, at) => !plan.roots[Math.floor(at / 2)]?.files);
  return [
    pureCheck('roots-allowed', 'No system directory and no whole home moves', () => {
      return wholes.flatMap(({ machine, where, dir }) => refusal(dir, machine, where) ?? []);
    }),
    pureCheck('roots-apart', 'Each has a place of its own on this machine', () => colliding(plan.roots, here)),
    pureCheck('config-moves', 'The config moves with the rest', () => configLeftBehind(inventory, plan)),
    pureCheck('roots-readable', 'All that moves can be read', () => unreadable(inventory, plan)),
    pureCheck('roots-owned', 'All that moves is ours', () => places.flatMap((place) => foreign(place))),
    pureCheck('root-is-meant', 'It is made for the user whose place it is', () => {
      return plan.asked.rootIsMeant === true ? [] : dirs.flatMap((dir) => othersPlace(dir.new, here)).slice(0, 1);
    }),
    pureCheck('parents-writable', 'The copy can be made beside its place', () =>
      dirs.flatMap((dir) => closed(dir.new)),
    ),
    pureCheck('live-mounts', 'What is in place can be renamed', () => dirs.flatMap((dir) => mounted(dir.new))),
    pureCheck('live-exists', 'What is in place may be parked', () => (replace ? [] : taken(plan.roots))),
  ];
}

/** A state dir set by variable and without a config of its own has the product read the one in the usual place. */
function configLeftBehind({ gateway, dirs }: Inventory, plan: Plan): Problem[] {
  const { configPath, configText, stateDir, realStateDir } = gateway;
  const moved = plan.roots.flatMap((root, at) =>
    [dirs[at]?.old.path ?? root.oldPath, root.oldPath].flatMap((oldPath) => movedPaths({ ...root, oldPath })),
  );
  const moves = [stateDir, realStateDir, ...moved].some((path) => isWithin(configPath, path));
  if (configText === null || moves) return [];
  return [
    problem('config-left-behind', {
      message: `The gateway of ${printable(stateDir)} reads the config ${printable(configPath)}, which lies in nothing that moves.`,
      hint: `Copy it into the state dir and restart the old gateway with it, then try again: cp -p ${pasteable(configPath)} ${pasteable(stateDir)}/`,
    }),
  ];
}

function unreadable({ dirs, old }: Inventory, plan: Plan): Problem[] {
  const paths = dirs.flatMap(({ old: dir }) => {
    const root = plan.roots.find((one) => one.oldPath === dir.realPath);
    return root ? dir.unreadable.filter((path) => moves(path, root, plan)) : dir.unreadable;
  });
  if (paths.length === 0) return [];
  const few = paths.slice(0, 5).map((path) => printable(path));
  const more = paths.length > few.length ? ` and ${String(paths.length - few.length)} more` : '';
  return [
    problem('root-unreadable', {
      message: `${printable(old.user)} cannot read ${few.join(', ')}${more} on the old machine.`,
      hint: `There, as root: chown -R ${pasteable(old.user)} ${pasteable(paths[0] ?? '')} (or leave it out with --exclude).`,
      detail: { paths: paths.slice(0, 100) },
    }),
  ];
}

/** What is left out anyhow need not be readable. */
function moves(path: string, root: Root, plan: Plan): boolean {
  if (!isWithin(path, root.oldPath)) return true;
  const ruleFor = excludeMatcher(plan.excludes, root.room, root.workspaces);
  const relative = Buffer.from(path.slice(root.oldPath.length + 1));
  return ruleFor(relative, false) === null && ruleFor(relative, true) === null;
}

function foreign({ machine, where, dir }: { machine: MachineFacts; where: string; dir: DirFacts }): Problem[] {
  if (dir.ownerUid === null || dir.ownerUid === machine.uid) return [];
  return [
    problem('root-not-ours', {
      message: `${printable(dir.path)} ${where} belongs to user ${String(dir.ownerUid)}, not to ${printable(machine.user)} (${String(machine.uid)}).`,
      hint:
        machine.uid === 0 && where === HERE
          ? `Move it as that user: --owner ${String(dir.ownerUid)}`
          : 'Be the user that runs the gateway, on both machines, and try again.',
      detail: { path: dir.path, ownerUid: dir.ownerUid, uid: machine.uid },
    }),
  ];
}

/** As root everything can be made anywhere, and belongs to root then. */
function othersPlace(dir: DirFacts, { uid, user }: MachineFacts): Problem[] {
  const owner = dir.parent.ownerUid ?? 0;
  if (uid !== 0 || owner === 0 || dir.ownerUid !== null) return [];
  return [
    problem('owner-unsaid', {
      message: `${printable(dir.path)} would be made by ${printable(user)} in ${printable(dir.parent.path)}, which is user ${String(owner)}'s: a gateway of that user could not read it.`,
      hint: `Move it as that user: --owner ${String(owner)}, or --owner root if root itself is to run it.`,
      detail: { path: dir.path, ownerUid: owner },
    }),
  ];
}

function closed(dir: DirFacts): Problem[] {
  if (dir.parent.writable) return [];
  return [
    problem('parent-not-writable', {
      message: `${printable(dir.path)} is to lie here, and nothing can be made in ${printable(dir.parent.path)}.`,
      hint: `See \`ls -ld ${pasteable(dir.parent.path)}\`; make it writable for this account, or choose another place with --to-state-dir.`,
      detail: { path: dir.path, parent: dir.parent.path },
    }),
  ];
}

function mounted(dir: DirFacts): Problem[] {
  if (!dir.exists || !dir.isMount) return [];
  return [
    problem('root-is-mount', {
      message: `${printable(dir.realPath)} on this machine is a mount point, so it cannot be renamed and another put in its place.`,
      hint: 'Choose a directory inside of it: --to-state-dir DIR',
      detail: { path: dir.realPath },
    }),
  ];
}

function taken(roots: readonly Root[]): Problem[] {
  return roots
    .filter((root) => root.liveExists)
    .map((root) =>
      problem('live-exists', {
        message: `${placesInWords(root)} here already. It would be parked in ${printable(dirname(root.parkedPath))}, not deleted.`,
        hint: 'Agree to it with --replace, or choose another place with --to-state-dir.',
        detail: { livePath: root.livePath, parkedPath: root.parkedPath },
      }),
    );
}

function placesInWords({ livePath, filesInPlace, files }: Root): string {
  if (files === null) return `${printable(livePath)} is`;
  const names = filesInPlace.map((name) => printable(inside(livePath, name)));
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
}

/** Is `path` below `top`, or `top` itself? By whole segments. */
function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(top === '/' ? '/' : `${top}/`);
}
