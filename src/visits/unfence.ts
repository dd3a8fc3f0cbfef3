import { EXIT } from '../core/exit.ts';
import type { Connect, Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { readLife } from '../gateway/life.ts';
import { runOk } from '../host/run.ts';
import { claimFolder } from '../steps/claim.ts';
import { fenceOld, type FenceBefore } from '../steps/fence-old.ts';
import { reopen } from './begin.ts';
import { consentToUnfence } from './consent.ts';
import { agreedPlan, allRuns, runNamed, type EarlierRun } from './earlier-run.ts';
import { conclude, stateOf, worldOf, type Tools, type Verdict, type Visit } from './visit.ts';

/**
 * `neo-pull unfence [run or user@old]`: gives the old gateway its autostart back exactly as it was found, for a person who wants the old machine
 * back without a rollback. Starts nothing. Throws `unfence-refused` while the new gateway lives or would start by itself, for then there
 * would be two.
 */
export function unfence(tools: Tools, wanted: string | null, connect: Partial<Connect>): Promise<Verdict> {
  return conclude(tools, async (visit) => {
    const earlier = await runMeant(tools, wanted);
    visit.known = earlier.state;
    const agreed = agreedPlan(earlier);
    const before = fenceOf(earlier);
    await refuseTwo(visit, agreed);
    await consentToUnfence(visit, agreed, before);
    await reopen(visit, earlier, connect);
    // Between the question and this somebody may have started it.
    await refuseTwo(visit, agreed);
    const world = worldOf(visit);
    const note = `${claimFolder(agreed)}/MOVED`;
    if (stateOf(visit).steps.get('fence-old')?.phase !== 'undoing')
      await visit.bus.emit({ type: 'step.undoing', step: 'fence-old' });
    await fenceOld(agreed).undo(world, before);
    await runOk(world.old, ['rm', '-f', '--', note], { clock: tools.clock });
    await visit.bus.emit({ type: 'step.undone', step: 'fence-old' });
    return { outcome: 'unfenced', running: 'none', exitCode: EXIT.done, problem: null };
  });
}

/** By its id, or as the old machine was called when it was moved: the latest such run. */
async function runMeant({ stateHome }: Tools, wanted: string | null): Promise<EarlierRun> {
  const named = (await allRuns(stateHome)).findLast(({ state }) => wanted !== null && state.plan?.target === wanted);
  return named ?? runNamed(stateHome, wanted);
}

/** What the fence was put in place of. Throws `run-not-ready` where there is none, or something else has to come first. */
function fenceOf({ folder, state }: EarlierRun): FenceBefore {
  const fence = state.steps.get('fence-old');
  if (state.committed && !state.unwinding && fence && fence.phase !== 'undone') return fence.before as FenceBefore;
  const hint = state.unwinding
    ? `Finish putting everything back, the fence with it: neo-pull rollback ${folder.id}`
    : `See where it stands: neo-pull status ${folder.id}. What was broken off is put back whole: neo-pull rollback ${folder.id}`;
  throw fail('run-not-ready', { message: `Run ${folder.id} keeps no old gateway off that it has moved.`, hint });
}

async function refuseTwo({ tools }: Visit, { new: { gateway } }: Plan): Promise<void> {
  const life = await readLife(tools.here, gateway, tools);
  const signs = [
    ...life.evidence.map(({ kind, detail }) => `${kind} ${detail}`),
    ...(life.service?.enabled ? [`service ${life.service.unit} is enabled`] : []),
  ];
  if (signs.length === 0) return;
  throw fail('unfence-refused', {
    message: `The new gateway lives on this machine, or would start by itself: ${signs.join('; ')}. Nothing was changed.`,
    hint: 'To give the gateway back as a whole: neo-pull rollback. Else stop and disable it here first.',
    detail: signs,
  });
}
