import type { Event } from '../core/event.ts';
import type { CutoverOrder } from '../core/order.ts';
import { fail, ProblemError, PROBLEMS, problemOf, type Problem } from '../core/problem.ts';
import type { RunFolder } from '../core/step.ts';
import { sendOrder } from '../run/control-client.ts';
import { consent } from './consent.ts';
import { agreedPlan, runNamed } from './earlier-run.ts';
import { openVisit, stopped, type Tools, type Verdict, type Visit } from './visit.ts';

type Finished = Event & { type: 'run.finished' };

/**
 * `neo-pull cutover [run]` where a neo-pull follows for the run: asks the one question here, has the other one cut over, tells what it tells, and
 * ends as it ends. Ctrl-C ends the watching only. It is told as the end of no run when nothing of the run's own end was heard.
 */
export async function orderCutover(tools: Tools, run: RunFolder, order: Omit<CutoverOrder, 'yes'>): Promise<Verdict> {
  const visit = openVisit(tools);
  const sent = { isSent: false };
  try {
    const earlier = await runNamed(tools.stateHome, run.id);
    visit.known = earlier.state;
    await consent(visit, agreedPlan(earlier));
    sent.isSent = true;
    return await follow(tools, run, { ...order, yes: tools.yes });
  } catch (error) {
    const isDetached = sent.isSent && tools.interrupt.signal.aborted;
    return notFollowed(visit, run, isDetached ? detached(run) : problemOf(error));
  }
}

async function follow(tools: Tools, run: RunFolder, order: CutoverOrder): Promise<Verdict> {
  const ends: Finished[] = [];
  const onEvent = (event: Event): void => {
    if (event.type === 'run.finished') ends.push(event);
    for (const listener of tools.listeners) listener(event);
  };
  const answer = await sendOrder(run, order, { signal: tools.interrupt.signal, onEvent });
  if (!answer.ok) throw new ProblemError(answer.problem);
  const [end] = ends;
  if (!end) throw new Error('a cutover was answered without an end');
  const { outcome, running, exitCode, problem } = end;
  return { outcome, running, exitCode, problem };
}

/** The Journal has gone on meanwhile, so it is read once more. */
async function notFollowed(visit: Visit, run: RunFolder, problem: Problem): Promise<Verdict> {
  const { stateHome, interrupt } = visit.tools;
  const now = await runNamed(stateHome, run.id).catch(() => null);
  visit.known = now?.state ?? visit.known;
  const why = problem.code === 'detached' ? problemOf(interrupt.signal.reason) : problem;
  const verdict = { ...stopped(visit, problem), exitCode: PROBLEMS[why.code].exit };
  await visit.bus.emit({ type: 'run.finished', ...verdict, downtimeMs: null });
  return verdict;
}

function detached(run: RunFolder): Problem {
  return fail('detached', {
    message: `You no longer watch. The cutover of run ${run.id} goes on without you.`,
    hint: `See where it stands: neo-pull status ${run.id}. As long as it waits, neo-pull stop ${run.id} calls it off; once it is through, neo-pull rollback ${run.id} puts everything back`,
  }).problem;
}
