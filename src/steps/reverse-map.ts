import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rewrite } from '../core/event.ts';
import type { Plan } from '../core/plan.ts';
import type { RunFolder } from '../core/step.ts';

/** The way back of everything that reconcile rewrote, for people and programs: new path to old path, per file and place in it. */
export interface ReverseMap {
  readonly schema: 1;
  readonly run: string;
  readonly prefixes: readonly { readonly new: string; readonly old: string }[];
  readonly files: readonly {
    readonly root: string;
    /** Absolute, on the new machine. */
    readonly path: string;
    /** `at` is a JSON pointer, or what kind of place it is. */
    readonly entries: readonly { readonly at: string; readonly new: string; readonly old: string }[];
  }[];
}

/** What was rewritten, turned round. Pure. */
export function reverseMap(plan: Plan, rewrites: readonly Rewrite[]): ReverseMap {
  const byFile = new Map<string, Rewrite[]>();
  for (const one of rewrites) {
    const place = `${one.root}\0${one.file}`;
    const list = byFile.get(place);
    if (list) list.push(one);
    else byFile.set(place, [one]);
  }
  return {
    schema: 1,
    run: plan.run,
    prefixes: plan.mapping.map(({ from, to }) => ({ new: to, old: from })),
    files: [...byFile.values()].flatMap((list) => {
      const [{ root: id, file } = { root: '', file: '' }] = list;
      const root = plan.roots.find((one) => one.id === id);
      if (!root) return [];
      const entries = list.map(({ at, from, to }) => ({ at, new: to, old: from }));
      return [{ root: id, path: join(root.livePath, file), entries }];
    }),
  };
}

/** Writes the reverse map into the run's folder, whole or not at all, and returns where. Repeatable. */
export async function writeReverseMap(run: RunFolder, map: ReverseMap): Promise<string> {
  const file = fileIn(run);
  await writeFile(`${file}.draft`, `${JSON.stringify(map, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.draft`, file);
  return file;
}

/** Takes it away again, with what a crash has left of it. Repeatable. */
export async function removeReverseMap(run: RunFolder): Promise<void> {
  for (const file of [fileIn(run), `${fileIn(run)}.draft`]) await rm(file, { force: true });
}

function fileIn(run: RunFolder): string {
  return join(run.path, 'reverse-map.json');
}
