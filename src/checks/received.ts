import type { Plan } from '../core/plan.ts';
import type { Check } from '../core/step.ts';
import { isEntry } from '../walk/entry.ts';
import { readManifest } from '../walk/manifest.ts';
import { walk } from '../walk/walker.ts';
import { Auditor } from './auditor.ts';
import { manifestFile } from './manifests.ts';
import { oldPathsLeft } from './old-paths.ts';
import { WillRunList } from './will-run.ts';

/**
 * After the first copy, in one walk of it: nothing leads out of it, old paths that nobody may rewrite are named, and what may run here is listed.
 * What is wrong is
 * found here and not first in a cutover, which audits what it has compared once more.
 */
export function receivedTree(plan: Plan): Check {
  return {
    id: 'received-tree',
    title: 'Nothing in the copy leads out of it; old paths that are not rewritten are named',
    async run(world) {
      const auditor = new Auditor(plan);
      const willRun = new WillRunList(plan);
      const oldPaths = oldPathsLeft(plan, world.clock);
      for (const root of plan.roots) {
        const { room, workspaces } = root;
        for await (const item of walk(root.stagingPath, { excludes: plan.excludes, room, workspaces, hash: false })) {
          world.signal.throwIfAborted();
          auditor.take(root, item);
          if (!isEntry(item)) continue;
          oldPaths.look(root, item);
          await willRun.take(root, item);
        }
        auditor.end(root);
      }
      await world.emit({ type: 'run.audited', ...auditor.audit });
      await world.emit({ type: 'run.will-run', ...willRun.all });
      return [...auditor.problems(), ...oldPaths.problems()];
    },
  };
}

/**
 * After the stop, before anything uses the copy: nothing of what was just compared leads out of it, and what may run here is listed with the
 * hashes of both machines. Needs the manifests of both trees.
 */
export function copyAudited(plan: Plan): Check {
  return {
    id: 'copy-audited',
    title: 'Nothing in the copy leads out of it',
    async run({ run, signal, emit }) {
      const auditor = new Auditor(plan);
      const willRun = new WillRunList(plan);
      for (const root of plan.roots) {
        for await (const entry of readManifest(manifestFile(run, root, 'staged'))) {
          signal.throwIfAborted();
          auditor.take(root, entry);
          await willRun.take(root, entry);
        }
        auditor.end(root);
        for await (const entry of readManifest(manifestFile(run, root, 'old'))) auditor.takeOld(root, entry);
      }
      await emit({ type: 'run.audited', ...auditor.audit });
      await emit({ type: 'run.will-run', ...willRun.all });
      return auditor.problems();
    },
  };
}
