import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan, Root } from '../core/plan.ts';
import type { RunFolder, World } from '../core/step.ts';
import { fillHashes, hashFrom } from '../walk/known-hashes.ts';
import { takeManifest, type ManifestSummary } from '../walk/manifest.ts';

/**
 * Which tree a manifest in the run's folder is of; `known` ones were taken while the old gateway served, those of `doctor` are of what is live:
 * before its first pass, after each, and on the way back.
 */
export type Tree =
  | ('old' | 'old-again' | 'staged' | 'reconciled' | 'old-known' | 'staged-known')
  | `doctor-${'before' | 'back' | number}`;

interface Taking {
  readonly root: Root;
  readonly tree: Tree;
  readonly hash: boolean;
}

/** Where the manifest of a root lies. */
export function manifestFile(run: RunFolder, root: Root, tree: Tree): string {
  return join(run.path, `manifest-${root.id}-${tree}`);
}

/** Walks a root on the old machine, or its staging on this one, into the run's folder. `hash` reads every byte of every file. */
export function takeOf(world: World, plan: Plan, taking: Taking): Promise<ManifestSummary> {
  return take(world, plan, { ...taking, outFile: manifestFile(world.run, taking.root, taking.tree), hashFromNs: null });
}

/**
 * As `takeOf` with every hash, of which those are taken from a known manifest of the same tree that are of the very same files; only the
 * others are read. Without one, or where it does not go with what is seen now, everything is read.
 */
export async function takeKnowing(
  world: World,
  plan: Plan,
  { root, tree, known }: { root: Root; tree: Tree; known: Tree },
): Promise<ManifestSummary> {
  const knownFile = manifestFile(world.run, root, known);
  const hashFromNs = await hashFrom(knownFile);
  if (hashFromNs === null) return takeOf(world, plan, { root, tree, hash: true });
  const outFile = manifestFile(world.run, root, tree);
  const factsFile = `${outFile}.facts`;
  try {
    const summary = await take(world, plan, { root, tree, hash: true, outFile: factsFile, hashFromNs });
    const sha256 = await fillHashes(factsFile, { knownFile, outFile });
    return sha256 === null ? await takeOf(world, plan, { root, tree, hash: true }) : { ...summary, sha256 };
  } finally {
    await rm(factsFile, { force: true });
  }
}

async function take(
  world: World,
  plan: Plan,
  { root, tree, hash, outFile, hashFromNs }: Taking & { outFile: string; hashFromNs: string | null },
): Promise<ManifestSummary> {
  const onOld = tree.startsWith('old');
  const { clock, signal } = world;
  return takeManifest(onOld ? world.old : world.new, {
    node: onOld ? plan.old.gateway.node : plan.new.gateway.node,
    root: onOld ? root.oldPath : tree.startsWith('doctor') ? root.livePath : root.stagingPath,
    excludes: plan.excludes,
    room: root.room,
    workspaces: root.workspaces,
    files: root.files,
    hash,
    hashFromNs,
    outFile,
    signal,
    clock,
  });
}
