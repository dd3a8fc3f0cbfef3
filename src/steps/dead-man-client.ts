import { z } from 'zod';
import type { Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import type { World } from '../core/step.ts';
import { readJsonAnswer } from '../gateway/json-answer.ts';
import { printable } from '../host/printable.ts';
import { run } from '../host/run.ts';
import { claimFolder } from './claim.ts';
import { FILES, type DeadManAnswer, type DeadManVerb } from './dead-man-contract.ts';

const shape = z.object({
  decision: z.enum(['fired', 'cancelled']).nullable(),
  isWatched: z.boolean(),
  done: z.object({ ok: z.boolean(), message: z.string() }).nullable(),
});

// Where there is no program none was ever started there, or its folder was taken away after it was seen gone.
const CALL = `[ -f "$1/$4" ] || { echo '{"decision":null,"isWatched":false,"done":null}'; exit 0; }
NODE_OPTIONS= exec "$2" "$1/$4" "$3"`;

/** A beat that has not come back by then says nothing. */
const BEAT_MS = 20_000;
const SPARE_MS = 30_000;

/** Where the switch of this Profile lies on the old machine. */
export function deadManFolder(plan: Plan): string {
  return `${claimFolder(plan)}/dead-man`;
}

/** How long the old machine waits for us; null where there is no switch. Pure. */
export function deadManMs({ limits }: Plan): number | null {
  return limits.deadManMs ?? null;
}

/** Says one verb to the switch and hears how it stands then. Throws `command-failed` where it does not answer. Repeatable. */
export async function tellDeadMan(
  plan: Plan,
  { old, clock, signal }: Pick<World, 'old' | 'clock' | 'signal'>,
  { verb, stdin = '' }: { verb: Exclude<DeadManVerb, 'watch'>; stdin?: string },
): Promise<DeadManAnswer> {
  const argv = ['/bin/sh', '-c', CALL, 'np', deadManFolder(plan), plan.old.gateway.node, verb, FILES.program];
  const result = await run(old, argv, { clock, signal, stdin, timeoutMs: patience(plan, verb) });
  const answer = shape.safeParse(readJsonAnswer(result.stdout));
  if (result.code === 0 && answer.success) return answer.data;
  const said = printable(result.stderr.toString().trim().split('\n').at(-1) ?? '');
  throw fail('command-failed', {
    message: `The dead-man's switch on the old machine does not answer${said && `: ${said}`}`,
    hint: `On the old machine, see what is in ${deadManFolder(plan)}`,
  });
}

/**
 * Before anybody else starts the old gateway: has the switch do it where one may, and waits until it has. Afterwards nobody but the
 * caller acts. Repeatable. Throws `dead-man-not-cancelled` where it is still at it.
 */
export async function leaveToDeadMan(plan: Plan, world: World): Promise<void> {
  if (deadManMs(plan) === null) return;
  const { isWatched } = await tellDeadMan(plan, world, { verb: 'fire' });
  if (isWatched) throw stillWatched(plan);
}

/** Throws `dead-man-fired` once the switch has decided to start the old gateway, for nothing that is begun here may go on then. */
export function refuseFired(plan: Plan, { decision }: DeadManAnswer): void {
  if (decision !== 'fired') return;
  throw fail('dead-man-fired', {
    message: `The old machine has not heard from this neo-pull for ${(deadManMs(plan) ?? 0) / 1000} s and has started its gateway again.`,
    hint: 'Everything is put back. See to the line between the machines, then try again; or allow more: --dead-man 30m',
  });
}

export function stillWatched(plan: Plan): Error {
  return fail('dead-man-not-cancelled', {
    message: "The dead-man's switch on the old machine was told to end, and was not seen to have ended.",
    hint: `On the old machine, end the process that runs ${deadManFolder(plan)}/${FILES.program}`,
  });
}

function patience({ limits: { stopMs, startMs } }: Plan, verb: DeadManVerb): number {
  if (verb === 'beat') return BEAT_MS;
  return verb === 'fire' ? 5 * (stopMs + startMs) + SPARE_MS : SPARE_MS;
}
