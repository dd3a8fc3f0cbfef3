import { gzipSync } from 'node:zlib';
import type { Plan } from '../core/plan.ts';
import { fail } from '../core/problem.ts';
import { keep, type Step, type World } from '../core/step.ts';
import { run, runOk } from '../host/run.ts';
import { claimFolder } from './claim.ts';
import { deadManFolder, deadManMs, refuseFired, stillWatched, tellDeadMan } from './dead-man-client.ts';
import { FILES, type DeadManRequest } from './dead-man-contract.ts';
import { PROGRAM_TEXT } from './dead-man-program.generated.ts';
import { ranBefore, type RanBefore, type Subject } from './start-again.ts';

const UPLOAD = `umask 077
mkdir -p -- "$1" && NODE_OPTIONS= "$3" -e 'process.stdin.pipe(require("zlib").createGunzip()).pipe(process.stdout)' > "$1/$2.part" \\
  && mv -f -- "$1/$2.part" "$1/$2"`;
/** How long after a start of its own the switch looks once more. */
const SETTLE_MS = 10_000;

/**
 * Arms the dead-man's switch: a process on the old machine, of no login, that enables and starts the old gateway as it was found when it
 * has not heard from us for `deadManMs`. It does not survive a reboot of that machine. Throws `dead-man-not-armed`.
 */
export function armDeadMan(plan: Plan): Step<RanBefore> {
  const subject: Subject = {
    host: (world) => world.old,
    gateway: plan.old.gateway,
    folder: () => `${claimFolder(plan)}/undo`,
    limits: plan.limits,
  };
  return {
    id: 'arm-dead-man',
    title: 'Have the old machine start its gateway again should it not hear from us',
    touches: 'old',
    // Below it lies the claim: as long as the switch may act, what it starts the gateway with has to stay.
    guards: true,
    before: (world) => ranBefore(world, subject),
    async apply(world, before) {
      const { old, clock, signal } = world;
      const argv = ['/bin/sh', '-c', UPLOAD, 'np', deadManFolder(plan), FILES.program, plan.old.gateway.node];
      const sent = await run(old, argv, {
        clock,
        signal,
        stdin: gzipSync(PROGRAM_TEXT),
        timeoutMs: plan.limits.stallMs,
      });
      if (sent.code !== 0) throw notArmed(plan);
      const answer = await tellDeadMan(plan, world, { verb: 'arm', stdin: JSON.stringify(requestOf(plan, before)) });
      refuseFired(plan, answer);
      if (answer.decision !== null || !answer.isWatched) throw notArmed(plan);
      await world.emit({
        type: 'run.armed',
        timeoutMs: deadManMs(plan) ?? 0,
        how: 'a process of its own, which outlives the login and not a reboot',
      });
    },
    async undo(world) {
      const { isWatched } = await tellDeadMan(plan, world, { verb: 'cancel' });
      if (isWatched) throw stillWatched(plan);
      await removeFolder(plan, world);
    },
  };
}

/**
 * Cancels the switch and sees it gone, right before the commit: from then on nothing on the old machine starts its gateway. Throws
 * `dead-man-fired` where it was first, `dead-man-not-cancelled` where that cannot be told.
 */
export function disarmDeadMan(plan: Plan): Step<null> {
  return {
    id: 'disarm-dead-man',
    title: 'See that the old machine will not start its gateway any more',
    touches: 'old',
    before: () => Promise.resolve(null),
    async apply(world) {
      const answer = await tellDeadMan(plan, world, { verb: 'cancel' });
      refuseFired(plan, answer);
      if (answer.decision !== 'cancelled' || answer.isWatched) throw stillWatched(plan);
    },
    undo: keep('what was cancelled stays so; whoever unwinds starts the old gateway himself'),
  };
}

function requestOf(plan: Plan, ran: RanBefore): DeadManRequest {
  const { stopMs, startMs } = plan.limits;
  return {
    gateway: plan.old.gateway,
    ran,
    folder: `${claimFolder(plan)}/undo`,
    limits: { stopMs, startMs },
    timeoutMs: deadManMs(plan) ?? 0,
    settleMs: Math.min(SETTLE_MS, deadManMs(plan) ?? 0),
  };
}

async function removeFolder(plan: Plan, { old, clock }: World): Promise<void> {
  await runOk(old, ['rm', '-rf', '--', deadManFolder(plan)], { clock });
}

function notArmed(plan: Plan): Error {
  return fail('dead-man-not-armed', {
    message: `The dead-man's switch could not be armed in ${deadManFolder(plan)} on the old machine.`,
    hint: 'See whether a program may run on there after its login. To move without the switch: --dead-man 0',
  });
}
