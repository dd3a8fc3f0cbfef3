import { newAlive } from '../checks/new-alive.ts';
import { oldIsDead } from '../checks/old-dead.ts';
import { EXIT } from '../core/exit.ts';
import { fail } from '../core/problem.ts';
import { agreedPlan, type EarlierRun } from './earlier-run.ts';
import { connectTo, worldOf, type Verdict, type Visit } from './visit.ts';

/** A second run after success: looks whether the move still stands. Throws `moved-but` when it does not. Changes nothing. */
export async function alreadyMoved(visit: Visit, earlier: EarlierRun): Promise<Verdict> {
  const agreed = agreedPlan(earlier);
  const { id } = earlier.folder;
  visit.folder = earlier.folder;
  visit.known = earlier.state;
  visit.old ??= await connectTo(visit, agreed.connect);
  const world = worldOf(visit);
  const problems = [...(await newAlive(agreed).run(world)), ...(await oldIsDead(agreed).run(world))];
  if (problems.length === 0) return { outcome: 'already-moved', running: 'new', exitCode: EXIT.done, problem: null };
  throw fail('moved-but', {
    message: `Run ${id} moved this gateway already, but all is not as it left it. ${problems.map((found) => found.message).join(' ')}`,
    hint: `See where things stand: neo-pull verify ${id}. To take the move back: neo-pull rollback ${id}`,
  });
}
