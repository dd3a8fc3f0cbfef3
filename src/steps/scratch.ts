import { lstat, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Plan, Root } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { CLEAR, SCRATCH, inScratch, placesIn, rehearsalIn } from '../core/rehearsal-plan.ts';
import { keep, type Step, type World } from '../core/step.ts';
import { readLife } from '../gateway/life.ts';
import { pasteable } from '../host/pasteable.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { removeReverseMap } from './reverse-map.ts';

/** There is no telling how fast a disk copies; it is ended by Ctrl-C. */
const COPY_MS = 24 * 3600_000;
const CHMOD_MS = 30 * 60_000;

/**
 * Makes the scratch folder (0700) beside staging, and in it a copy of staging that may be changed: nothing in it is shared with staging but blocks
 * of a file system that copies on write. Undone, the scratch folder is gone, whatever the steps after it have made there.
 */
export function makeScratch(plan: Plan): Step<null> {
  return {
    id: SCRATCH,
    title: 'Make a throwaway copy',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      await removeScratch(plan, world);
      const rehearsal = rehearsalIn(plan);
      await mkdir(rehearsal.folder, { mode: 0o700 });
      for (const place of placesIn(rehearsal)) await mkdir(place, { recursive: true, mode: 0o700 });
      for (const { id, stagingPath } of rehearsal.roots) {
        const real = plan.roots.find((root) => root.id === id);
        if (real) await copyTree(real, stagingPath, world);
      }
    },
    undo: (world) => removeScratch(plan, world),
  };
}

/** The end of a rehearsal that went well: nothing runs, and nothing is left. Throws `new-did-not-stop` for a program that lives on. */
export function clearScratch(plan: Plan): Step<null> {
  return {
    id: CLEAR,
    title: 'Remove the throwaway copy',
    touches: 'staging',
    before: () => Promise.resolve(null),
    async apply(world) {
      const { evidence } = await readLife(world.new, inScratch(plan).new.gateway, world);
      if (evidence.length > 0) throw livesOn(evidence.map(({ kind, detail }) => `${kind} ${detail}`));
      await removeScratch(plan, world);
    },
    undo: keep('it is gone already'),
  };
}

async function copyTree(
  { oldPath, stagingPath }: Root,
  to: string,
  { new: here, clock, signal }: World,
): Promise<void> {
  const argv = ['cp', '-a', '--reflink=auto', '-T', '--', stagingPath, to];
  const { code, stderr } = await run(here, argv, { clock, signal, timeoutMs: COPY_MS, env: { LC_ALL: 'C' } });
  if (code === 0) return;
  const said = printable(stderr.toString().trim().split('\n').at(-1) ?? '');
  throw fail(/no space left|quota exceeded/i.test(said) ? 'disk-full' : 'command-failed', {
    message: `The throwaway copy of ${oldPath} could not be made: ${said}`,
    hint: `A rehearsal needs room for the state once more beside the copy: df -h ${pasteable(dirname(to))}`,
  });
}

/**
 * Removes the scratch folder, and the originals that reconcile keeps in the run's folder. Never anything else: not what a link leads to, nor
 * a folder that is not ours. Repeatable.
 */
async function removeScratch(plan: Plan, { new: here, clock, run: folder }: World): Promise<void> {
  await removeReverseMap(folder);
  await rm(join(folder.path, 'undo-new'), { recursive: true, force: true });
  const { folder: scratch } = rehearsalIn(plan);
  const isOurs = basename(scratch).startsWith('rehearsal-') && basename(dirname(scratch)) === '.neo-pull';
  const seen = await lstat(scratch).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (seen === null) return;
  if (!isOurs || !seen.isDirectory() || seen.uid !== plan.new.uid) throw notOurs(scratch);
  // A directory that its own mode closes cannot be emptied.
  await run(here, ['chmod', '-R', 'u+rwX', '--', scratch], { clock, timeoutMs: CHMOD_MS });
  await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function notOurs(path: string): Error {
  return fail('root-not-ours', {
    message: `${path} is not the directory that the rehearsal made.`,
    hint: `Look at it, then remove it: ls -la ${pasteable(path)}`,
  });
}

function livesOn(signs: readonly string[]): Error {
  return fail('new-did-not-stop', {
    message: `The gateway of the rehearsal was stopped, and something of it lives on: ${signs.join('; ')}.`,
    hint: 'End it by hand on this machine. After a real move the same would happen.',
  });
}
