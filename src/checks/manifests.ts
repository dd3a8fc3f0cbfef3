import { join } from 'node:path';
import type { Plan, Root } from '../core/plan.ts';
import type { RunFolder, World } from '../core/step.ts';
import { takeManifest, type ManifestSummary } from '../walk/manifest.ts';

/** Which tree a manifest in the run's folder is of. */
export type Tree = 'old' | 'old-again' | 'staged' | 'reconciled';

/** Where the manifest of a root lies. */
export function manifestFile(run: RunFolder, root: Root, tree: Tree): string {
  return join(run.path, `manifest-${root.id}-${tree}`);
}

/** Walks a root on the old machine, or its staging on this one, into the run's folder. `hash` reads every byte of every file. */
export async function takeOf(
  world: World,
  plan: Plan,
  { root, tree, hash }: { root: Root; tree: Tree; hash: boolean },
): Promise<ManifestSummary> {
  const onOld = tree === 'old' || tree === 'old-again';
  const { clock, signal } = world;
  return takeManifest(onOld ? world.old : world.new, {
    node: onOld ? plan.old.gateway.node : plan.new.gateway.node,
    root: onOld ? root.oldPath : root.stagingPath,
    excludes: plan.excludes,
    room: root.room,
    workspaces: root.workspaces,
    files: root.files,
    hash,
    outFile: manifestFile(world.run, root, tree),
    signal,
    clock,
  });
}
