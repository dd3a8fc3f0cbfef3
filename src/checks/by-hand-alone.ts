import { posix as path } from 'node:path';
import type { ByHand } from '../core/by-hand.ts';
import { inside } from '../core/only-files.ts';
import type { Root } from '../core/plan.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import type { Bound } from './by-hand-names.ts';

/** What loads other files from beside it, as a rule. */
const CODE = /\.(?:[cm]?[jt]sx?|py|rb|pl)$/i;

/** Code that the config names and that moves as a single file, without what lies beside it. Pure. */
export function aloneByHand({ plan }: Pick<Bound, 'plan'>): ByHand[] {
  return plan.roots.flatMap((root) =>
    (root.files ?? []).filter((name) => CODE.test(name)).map((name) => alone(root, name)),
  );
}

function alone({ oldPath, livePath }: Root, name: string): ByHand {
  const file = inside(oldPath, name);
  return {
    id: `alone:${file}`,
    what: `${printable(file)}, which moves without what lies beside it`,
    why: `It is code: what it loads from ${printable(path.dirname(file))} and from a node_modules above it is to be brought to ${printable(livePath)} by hand; or move the directory as a whole: --workspace ${pasteable(oldPath)}`,
    command: null,
  };
}
