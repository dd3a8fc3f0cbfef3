import type { MachineFacts } from '../core/inventory.ts';
import { livePlaces, movedPaths } from '../core/only-files.ts';
import type { Root } from '../core/plan.ts';
import { problem, type Problem } from '../core/problem.ts';
import { printable } from '../host/printable.ts';

/** A place on this machine, and whose it will be. */
interface Place {
  readonly at: string;
  readonly from: string;
  /** Is all that lies below it put in place with it? */
  readonly isWhole: boolean;
}

const HINT = 'Give one of them another place: --workspace OLD=NEW or --to-state-dir DIR.';

/** `roots-collide` for places that are one, or lie in one another, and for the product of this machine in the middle of one. Pure. */
export function colliding(roots: readonly Root[], here: Pick<MachineFacts, 'product'>): Problem[] {
  const places = roots.flatMap((root): Place[] => {
    const from = movedPaths(root);
    return livePlaces(root).map((at, place) => ({
      at,
      from: from[place] ?? root.oldPath,
      isWhole: root.files === null,
    }));
  });
  const pairs = places.flatMap((one, at) => places.slice(at + 1).map((other) => [one, other] as const));
  return [
    ...pairs.flatMap(([one, other]) => between(one, other)),
    ...places.flatMap((place) => overProduct(place, here)),
  ];
}

function between(one: Place, other: Place): Problem[] {
  if (one.at === other.at) {
    const message = `${printable(one.from)} and ${printable(other.from)} would both go to ${printable(one.at)} on this machine.`;
    return [problem('roots-collide', { message, hint: HINT, detail: { at: one.at } })];
  }
  const [outer, inner] = other.at.startsWith(`${one.at}/`) ? [one, other] : [other, one];
  if (!outer.isWhole || !inner.at.startsWith(`${outer.at}/`)) return [];
  const whole = `${printable(outer.at)}, which is put in place as a whole (from ${printable(outer.from)})`;
  const message = `${printable(inner.from)} would go to ${printable(inner.at)}, inside of ${whole}.`;
  return [problem('roots-collide', { message, hint: HINT, detail: { at: inner.at, whole: outer.at } })];
}

/** What is parked takes along whatever is in it. */
function overProduct({ at, from, isWhole }: Place, { product }: Pick<MachineFacts, 'product'>): Problem[] {
  const programs = [product?.path, ...(product?.argv ?? []), product?.node].filter((one) => typeof one === 'string');
  const inIt = isWhole ? programs.find((program) => program.startsWith(`${at}/`)) : undefined;
  if (inIt === undefined) return [];
  const message = `${printable(from)} would go to ${printable(at)}, where the product of this machine is installed (${printable(inIt)}).`;
  return [problem('roots-collide', { message, hint: HINT, detail: { at, program: inIt } })];
}
