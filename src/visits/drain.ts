import { runningTurn } from '../checks/turns.ts';
import { fail, ProblemError, type Problem } from '../core/problem.ts';
import { planOf, worldOf, type Visit } from './visit.ts';

const POLL_MS = 500;
const TELL_EVERY_MS = 5000;

/**
 * Right before the stop: waits until no agent on the old machine is in the middle of a turn, for as long as `--drain` says, and tells how
 * long it has waited. When that is over it asks whether to cut the turn off; with `--force` it does, and where nobody can be asked it
 * throws `turn-running`. `declined` on a no. Nothing was stopped until then.
 */
export async function drain(visit: Visit): Promise<void> {
  const { tools, bus } = visit;
  if (!tools.drain) return;
  const { waitMs, force } = tools.drain;
  const [world, plan] = [worldOf(visit), planOf(visit)];
  const fromMs = world.clock.now();
  let tellAtMs = fromMs;
  for (;;) {
    const running = await runningTurn(plan, world);
    if (!running) return;
    const waitedMs = world.clock.now() - fromMs;
    if (waitedMs >= waitMs) {
      if (!force) await askToCutOff(visit, running);
      return bus.emit({ type: 'notice', message: `${running.message} It is cut off.` });
    }
    if (world.clock.now() >= tellAtMs) {
      const message = `${running.message} Waiting for its end: ${seconds(waitedMs)} of at most ${seconds(waitMs)}.`;
      await bus.emit({ type: 'notice', message });
      tellAtMs += TELL_EVERY_MS;
    }
    await world.clock.sleep(Math.min(POLL_MS, waitMs - waitedMs), world.signal);
  }
}

async function askToCutOff({ tools: { ask } }: Visit, running: Problem): Promise<void> {
  if (!ask) throw new ProblemError(running);
  if (await ask.confirm(`${running.message} Cut it off?`)) return;
  throw fail('declined', {
    message: 'You said no. Nothing was stopped.',
    hint: 'Wait longer for the end of the turn: --drain 10m. What was copied is kept.',
  });
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)} s`;
}
