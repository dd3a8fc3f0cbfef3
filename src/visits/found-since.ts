import { problem, type Problem } from '../core/problem.ts';
import type { RunState } from '../core/run-state.ts';
import { readLife } from '../gateway/life.ts';
import { deadManMs, tellDeadMan } from '../steps/dead-man-client.ts';
import type { FenceBefore } from '../steps/fence-old.ts';
import type { RanBefore } from '../steps/start-again.ts';
import { consentToPutBack } from './consent.ts';
import { planOf, stateOf, worldOf, type Visit } from './visit.ts';

/**
 * Before a cutover that was broken off goes forward: tells how the old gateway was found at first, which is what counts, and looks whether
 * somebody has brought it back since. Null when all is as the run left it; the reason to put everything back when a person says so.
 * Throws `changed-since` where there is nobody to ask, `declined` on a no.
 */
export async function broughtBack(visit: Visit): Promise<Problem | null> {
  const state = stateOf(visit);
  const [stop, fence] = [appliedBefore(state, 'stop-old'), appliedBefore(state, 'fence-old')];
  // Without the fence any login revives an enabled service; that is stopped once more, and nobody's doing.
  if (state.committed || !stop || !fence || (await hasFired(visit))) return null;
  const [ran, fenced] = [stop as RanBefore, fence as FenceBefore];
  await visit.bus.emit({ type: 'notice', message: foundAtFirst(ran, fenced) });
  const life = await readLife(worldOf(visit).old, planOf(visit).old.gateway, worldOf(visit));
  const changes = [
    ...(life.alive && ran.ran !== 'stopped' ? ['it runs again'] : []),
    ...(fenced.enabled && life.service?.enabled ? [`${life.service.unit} starts by itself again`] : []),
  ];
  if (changes.length === 0) return null;
  const found = problem('changed-since', {
    message: `The old gateway is not as this run left it: ${changes.join(', and ')}. Somebody has changed that since.`,
    hint: `Put everything back, and let it run: neo-pull rollback ${planOf(visit).run}`,
    detail: changes,
  });
  await consentToPutBack(visit, found);
  return found;
}

function appliedBefore({ steps }: RunState, id: string): unknown {
  const known = steps.get(id);
  return known?.phase === 'applied' ? known.before : null;
}

/** Then it was not somebody but the switch, and what is to be done is known. */
async function hasFired(visit: Visit): Promise<boolean> {
  const plan = planOf(visit);
  if (deadManMs(plan) === null) return false;
  return (await tellDeadMan(plan, worldOf(visit), { verb: 'beat' })).decision === 'fired';
}

function foundAtFirst({ ran }: RanBefore, { enabled }: FenceBefore): string {
  const how = { service: 'ran as a service', foreground: 'ran in the foreground', stopped: 'did not run' }[ran];
  return `Found before this run began: the old gateway ${how}, and ${enabled ? 'started by itself' : 'did not start by itself'}. That is what putting it back means.`;
}
