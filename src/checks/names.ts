import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/host.ts';
import type { NamesFacts } from '../core/names-facts.ts';
import { OneName } from '../core/one-name.ts';
import type { Plan, Root } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import type { Entry } from '../walk/entry.ts';
import { readManifest, takeManifest } from '../walk/manifest.ts';
import { probePlace, type Place } from './place.ts';

export interface NamesOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where staging of each root is to lie: the nearest directory there, in the order of the roots. */
  readonly directories: readonly string[];
  /** What tells of a directory; tries it out unless given. */
  readonly probe?: (directory: string) => Promise<Place | null>;
}

/** So many entries that cannot be held are named; all are counted. */
const SHOWN = 20;

/**
 * What of the old tree the file systems here cannot hold, or take for one name. Where they hold everything, as those of Linux do, the
 * old machine is not asked anything; else its names are walked. Leaves nothing on either machine. Throws as `takeManifest`.
 */
export async function namesInTheWay(old: Host, plan: Plan, options: NamesOptions): Promise<NamesFacts[]> {
  const found: NamesFacts[] = [];
  const { probe = probePlace } = options;
  for (const [at, root] of plan.roots.entries()) {
    const directory = options.directories[at] ?? '';
    const place = await probe(directory);
    if (place === null || plan.old.gateway.node === '') continue;
    if (!place.foldsCase && !place.normalises && place.lacks.length === 0) continue;
    found.push(await judged(old, { plan, root, place, directory }, options));
  }
  return found;
}

interface Judging {
  readonly plan: Plan;
  readonly root: Root;
  readonly place: Place;
  readonly directory: string;
}

async function judged(
  old: Host,
  { plan, root, place, directory }: Judging,
  { clock, signal }: NamesOptions,
): Promise<NamesFacts> {
  const folder = await mkdtemp(join(tmpdir(), 'np-names-'));
  const outFile = join(folder, 'manifest');
  const names = new OneName(place);
  const unfit: string[] = [];
  let unfitCount = 0;
  try {
    const { room, workspaces, files, oldPath } = root;
    const walk = { root: oldPath, excludes: plan.excludes, room, workspaces, files, hash: false };
    await takeManifest(old, { ...walk, node: plan.old.gateway.node, outFile, clock, signal });
    for await (const entry of readManifest(outFile)) {
      names.add(entry.path);
      const why = cannotHold(place, entry);
      if (why === null) continue;
      unfitCount += 1;
      if (unfit.length < SHOWN) unfit.push(`${printable(entry.path)} (${why})`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const together = names.groups.map((group) => group.map((path) => printable(path)));
  const lacksModes = place.lacks.includes('modes');
  return { oldPath: root.oldPath, directory, together, togetherCount: names.count, unfit, unfitCount, lacksModes };
}

function cannotHold({ lacks }: Place, { type, path, hardlink }: Entry): string | null {
  if (type === 'symlink' && lacks.includes('symlinks')) return 'a symlink';
  if (hardlink !== null && lacks.includes('hard links')) return 'a further name of one file';
  const name = path.subarray(path.lastIndexOf(0x2f) + 1).toString('latin1');
  return lacks.find((odd) => odd.length === 1 && name.includes(odd)) ?? null;
}
